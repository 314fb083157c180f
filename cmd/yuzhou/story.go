package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"yuzhou/app"
	"yuzhou/kernel/fault"
	"yuzhou/kernel/pack"
	"yuzhou/kernel/web"
	"yuzhou/packs"
)

// patience is how long the story waits for what the city does by itself.
const patience = 30 * time.Second

// requests is where the API has requests for numbers.
const requests = "collection/requests"

// wholeCity is the place of the city's own numbers.
const wholeCity = "500000"

// player is somebody in the story. Nobody in it is real.
type player struct {
	login, unit, role string
	name              pack.Text
}

func players() []player {
	return []player{
		{"office", "party_gov", "clerk", pack.Text{ZH: "督办机构经办（演示）", EN: "Supervising office, clerk (demo)"}},
		{"office.review", "party_gov", "steward", pack.Text{ZH: "督办机构复核（演示）", EN: "Supervising office, review (demo)"}},
		{"leader", wholeCity, "leader", pack.Text{ZH: "市领导（演示）", EN: "City leader (demo)"}},
		{"kjj", "kjj", "clerk", pack.Text{ZH: "市科技局填报和承办（演示）", EN: "Science bureau, clerk (demo)"}},
		{"kjj.check", "kjj", "steward", pack.Text{ZH: "市科技局核对（演示）", EN: "Science bureau, check (demo)"}},
		{"kjj.head", "kjj", "leader", pack.Text{ZH: "市科技局负责人（演示）", EN: "Science bureau, head (demo)"}},
		{"d500103", "500103", "clerk", pack.Text{ZH: "渝中区经办（演示）", EN: "Yuzhong, clerk (demo)"}},
		{"d500106", "500106", "clerk", pack.Text{ZH: "沙坪坝区经办（演示）", EN: "Shapingba, clerk (demo)"}},
		{"d500107", "500107", "clerk", pack.Text{ZH: "九龙坡区经办（演示）", EN: "Jiulongpo, clerk (demo)"}},
	}
}

// quarter is what the science bureau hands in for one.
type quarter struct {
	period                 string
	firms, small           string // high-tech firms; science-and-technology firms
	why, note              string // what explains a jump of either; "" for none
	ask, checked, approved string // when the form is filled in, checked and approved
}

// tale is the story as it is being told.
type tale struct {
	*app.Stage
	*app.City
	passwords map[string]string
}

// loop is the story of 1458 in the city of Chongqing.
func loop() app.Story {
	return app.Story{
		Command: []string{"story"}, Help: "play a demonstration in a city of its own, and serve it", Data: "story",
		Bind: func(*flag.FlagSet) app.Play { return play },
	}
}

// play tells how a gap opens work, the work closes on evidence, and a number that
// slips back opens it again. Everybody signs in and uses the API, as from outside.
func play(ctx context.Context, s *app.Stage) error {
	city, err := s.Open(ctx, app.Opening{Pack: packs.Story()})
	if err != nil {
		return err
	}
	t := &tale{Stage: s, City: city, passwords: map[string]string{}}
	for _, act := range []func(context.Context) error{t.cast, t.june, t.directive, t.districts, t.autumn, t.winter} {
		if err := act(ctx); err != nil {
			return err
		}
	}
	return nil
}

// cast lets everybody of the story sign in, and prints how.
func (t *tale) cast(ctx context.Context) error {
	owner, err := t.Client(ctx, t.Owner, t.Password)
	if err != nil {
		return err
	}
	t.Tell(pack.Text{
		ZH: "演示城市（重庆数据包，数字由本命令生成，时钟从 2024-07-01 走起）：" + t.URL + "\n每一步都可以用下面的账号在浏览器里看到：",
		EN: "A demonstration city (the pack of Chongqing, numbers made by this command, a clock that begins on 2024-07-01): " + t.URL + "\nEach step can be seen in the browser by signing in as:",
	})
	for _, p := range players() {
		var made struct{ Person, Password string }
		if err := owner.Do(ctx, http.MethodPost, "/org/people", map[string]string{"login": p.login, "zh": p.name.ZH, "en": p.name.EN}, &made); err != nil {
			return err
		}
		if err := owner.Do(ctx, http.MethodPost, "/org/people/"+made.Person+"/grants", map[string]string{"role": p.role, "unit": p.unit}, nil); err != nil {
			return err
		}
		t.passwords[p.login] = made.Password
		line := fmt.Sprintf("  %-14s %s  ", p.login, made.Password)
		t.Tell(pack.Text{ZH: line + p.name.ZH, EN: line + p.name.EN})
	}
	line := fmt.Sprintf("  %-14s %s  ", t.Owner, t.Password)
	t.Tell(pack.Text{ZH: line + "系统管理", EN: line + "runs the installation"})
	return nil
}

// as signs somebody in.
func (t *tale) as(ctx context.Context, login string) (*web.Client, error) {
	return t.Client(ctx, login, t.passwords[login])
}

// do lets somebody send an event to a case, which is a step where a module
// answers for the case ("collection/requests/ID", "directives/ID") and an event of
// the engine itself ("flow/cases/ID").
func (t *tale) do(ctx context.Context, login, of, event string, data map[string]any) error {
	c, err := t.as(ctx, login)
	if err != nil {
		return err
	}
	steps := "/steps"
	if strings.HasPrefix(of, "flow/") {
		steps = "/events"
	}
	return c.Do(ctx, http.MethodPost, "/"+of+steps, map[string]any{"event": event, "data": data}, nil)
}

// await asks until what the city does by itself has come about.
func await(ctx context.Context, what string, ready func() (bool, error)) error {
	ctx, stop := context.WithTimeout(ctx, patience)
	defer stop()
	for {
		if ok, err := ready(); ok || err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return fault.New(fault.Busy, "the story waited %s for %s in vain", patience, what)
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// number tells how a number is asked for, filled in once, checked, approved and published.
func (t *tale) number(ctx context.Context, q quarter) error {
	id, err := t.fill(ctx, q)
	if err != nil {
		return err
	}
	if err := t.At(q.checked); err != nil {
		return err
	}
	err = await(ctx, "the rules to judge the form", func() (bool, error) {
		err := t.do(ctx, "kjj.check", requests+"/"+id, "pass", nil)
		return err == nil, passing(err)
	})
	if err != nil {
		return err
	}
	t.Step(pack.Text{ZH: "kjj.check 核对通过，到 kjj.head 审批。", EN: "kjj.check passes it; kjj.head is to approve."}, "/flow", "/collection/approvals")
	if err := t.At(q.approved); err != nil {
		return err
	}
	if err := t.do(ctx, "kjj.head", requests+"/"+id, "approve", nil); err != nil {
		return err
	}
	err = await(ctx, "the number to be published", func() (bool, error) { return t.published(ctx, q) })
	if err == nil {
		t.Step(pack.Text{ZH: "kjj.head 批准，数字已发布（状态：演示）。", EN: "kjj.head approves; the number is published (status: demonstration)."}, "/indicators/st.hte", "/collection/"+id)
	}
	return err
}

// fill waits until a quarter's numbers are asked for, and hands them in.
func (t *tale) fill(ctx context.Context, q quarter) (id string, err error) {
	c, err := t.as(ctx, "kjj")
	if err != nil {
		return "", err
	}
	var open []struct{ ID, Period string }
	err = await(ctx, "the request for "+q.period, func() (bool, error) {
		err := c.Get(ctx, "/"+requests, url.Values{"mine": {"fill"}}, &open)
		return len(open) > 0 && open[0].Period == q.period, err
	})
	if err != nil {
		return "", err
	}
	id = open[0].ID
	t.Step(pack.Text{ZH: q.period + " 的数字到期要报，填报任务已在 kjj 的待办里。", EN: "The numbers of " + q.period + " are asked for: the request is in the inbox of kjj."}, "/flow", "/collection/"+id)
	if err := t.At(q.ask); err != nil {
		return "", err
	}
	if c, err = t.as(ctx, "kjj"); err != nil {
		return "", err
	}
	values := []map[string]string{{"indicator": "st.hte", "place": wholeCity, "value": q.firms, "note": q.why}, {"indicator": "st.sti_firms", "place": wholeCity, "value": q.small, "note": q.note}}
	err = c.Do(ctx, http.MethodPost, "/"+requests+"/"+id+"/submission", map[string]any{"values": values}, nil)
	if err == nil {
		t.Step(pack.Text{ZH: "kjj 填报高新技术企业 " + q.firms + " 家并提交，到 kjj.check 核对。", EN: "kjj fills in " + q.firms + " high-tech firms and hands in; kjj.check has it now."}, "/flow", "/collection/"+id)
	}
	return id, err
}

// Step says what has just happened and where it can be seen.
func (t *tale) Step(what pack.Text, see ...string) { t.Stage.Step(t.City, what, see...) }

// passing lets the story try again what another delivery has to come before.
func passing(err error) error {
	if fault.KindOf(err) == fault.Conflict {
		return nil
	}
	return err
}

// published reports whether a quarter's number can be read by anyone.
func (t *tale) published(ctx context.Context, q quarter) (bool, error) {
	visitor := &web.Client{Base: t.URL, HTTP: http.DefaultClient}
	var series struct {
		Items []struct{ Value json.Number }
	}
	err := visitor.Get(ctx, "/indicators/observations", url.Values{"indicator": {"st.hte"}}, &series)
	for _, o := range series.Items {
		if o.Value.String() == q.firms {
			return true, nil
		}
	}
	return false, err
}
