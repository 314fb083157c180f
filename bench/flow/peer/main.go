// Command peer does with DBOS Transact what bench/flow does with Yuzhou: it
// takes a case over HTTP, runs it through two durable steps (create, advance)
// and answers when both are recorded.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"log"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"time"

	"github.com/dbos-inc/dbos-transact-golang/dbos"
	_ "github.com/dbos-inc/dbos-transact-golang/dbos/driver/sqlite"
)

// kase is what a case carries, as in bench/flow.
type kase struct {
	Title string `json:"title"`
	Unit  string `json:"unit"`
	State string `json:"state"`
}

func handle(ctx dbos.Context, c kase) (kase, error) {
	c, err := dbos.RunAsStep(ctx, func(context.Context) (kase, error) { c.State = "open"; return c, nil }, dbos.WithStepName("create"))
	if err != nil {
		return c, err
	}
	return dbos.RunAsStep(ctx, func(context.Context) (kase, error) { c.State = "work"; return c, nil }, dbos.WithStepName("advance"))
}

func main() {
	database := flag.String("database", "", "sqlite:FILE or a PostgreSQL URL")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	d, err := dbos.NewContext(context.Background(), dbos.Config{AppName: "peer", DatabaseURL: *database, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		log.Fatal(err)
	}
	dbos.RegisterWorkflow(d, handle)
	if err := dbos.Launch(d); err != nil {
		log.Fatal(err)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	go func() {
		log.Print(http.Serve(ln, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			var c kase
			err := json.NewDecoder(r.Body).Decode(&c)
			if err == nil {
				var h dbos.WorkflowHandle[kase]
				if h, err = dbos.RunWorkflow(d, handle, c); err == nil {
					c, err = h.GetResult()
				}
			}
			if err != nil {
				http.Error(w, err.Error(), http.StatusInternalServerError)
				return
			}
			_ = json.NewEncoder(w).Encode(c)
		})))
	}()
	fmt.Println("http://" + ln.Addr().String())
	<-ctx.Done()
	dbos.Shutdown(d, 5*time.Second)
}
