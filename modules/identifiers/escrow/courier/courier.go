// Package courier carries deposits of escrow from a node to the node above by SFTP.
//
// What must hold: a depositor sees a folder of its own and nothing else, adds files and
// never changes one that is complete; a file has its name when all of it is on disk, and an
// upload that was cut goes on where it ended; who may deposit is known by key, and the one
// that is deposited with as well. Source: draft-ietf-secsh-filexfer-02 (SFTP 3), as
// OpenSSH speaks it.
package courier

import (
	"cmp"
	"context"
	"crypto"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"path"
	"regexp"
	"sync"
	"time"

	"github.com/pkg/sftp"     //nolint:depguard // the protocol of the contract; this package is its one user
	"golang.org/x/crypto/ssh" //nolint:depguard // what SFTP stands on

	"yuzhou/kernel/fault"
)

// partial ends the name of a file that is not complete.
const partial = ".part"

// fileName is what files of a deposit are called; nothing else is taken.
var fileName = regexp.MustCompile(`^[0-9A-Za-z][0-9A-Za-z._-]{0,200}$`)

// Depository takes deposits.
type Depository struct {
	Key crypto.Signer // of the server
	// Allowed says whether who signs in by a key, given as in authorized_keys, may deposit
	// under a name.
	Allowed func(ctx context.Context, name, key string) bool
	// Folder opens the folder of a depositor, who has it until the connection ends.
	Folder func(name string) (*os.Root, error)
	// Space is how many bytes a depositor may have in its folder; 0: 1 TiB.
	Space int64
	Log   *slog.Logger
}

const (
	handshake   = 20 * time.Second
	connections = 32 // at once; more wait
)

// Serve takes deposits on a listener until ctx ends.
func (d Depository) Serve(ctx context.Context, ln net.Listener) error {
	signer, err := ssh.NewSignerFromSigner(d.Key)
	if err != nil {
		return err
	}
	config := &ssh.ServerConfig{
		ServerVersion: "SSH-2.0-Yuzhou", MaxAuthTries: 3,
		PublicKeyCallback: func(c ssh.ConnMetadata, key ssh.PublicKey) (*ssh.Permissions, error) {
			if !d.Allowed(ctx, c.User(), string(ssh.MarshalAuthorizedKey(key))) {
				return nil, errors.New("the key is not known for this depositor")
			}
			return &ssh.Permissions{}, nil
		},
	}
	config.AddHostKey(signer)
	stop := context.AfterFunc(ctx, func() { _ = ln.Close() })
	defer stop()
	var all sync.WaitGroup
	defer all.Wait()
	room := make(chan struct{}, connections)
	for {
		conn, err := ln.Accept()
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return err
		}
		room <- struct{}{}
		all.Go(func() {
			defer func() { <-room }()
			if err := d.one(ctx, conn, config); err != nil && ctx.Err() == nil {
				d.Log.WarnContext(ctx, "a connection for deposits ended", slog.String("from", conn.RemoteAddr().String()), slog.Any("error", err))
			}
		})
	}
}

// one serves one connection.
func (d Depository) one(ctx context.Context, conn net.Conn, config *ssh.ServerConfig) error {
	defer conn.Close() //nolint:errcheck // nothing of it is left to be said
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer stop()
	if err := conn.SetDeadline(time.Now().Add(handshake)); err != nil { //nolint:forbidigo // a deadline of a socket is of the machine's clock
		return err
	}
	c, channels, requests, err := ssh.NewServerConn(conn, config)
	if err != nil {
		return err
	}
	if err := conn.SetDeadline(time.Time{}); err != nil {
		return err
	}
	go ssh.DiscardRequests(requests)
	root, err := d.Folder(c.User())
	if err != nil {
		return err
	}
	defer root.Close() //nolint:errcheck // a folder
	for offered := range channels {
		if offered.ChannelType() != "session" {
			_ = offered.Reject(ssh.UnknownChannelType, "sessions alone") // the client is told, or gone
			continue
		}
		if err := d.session(offered, root); err != nil {
			return err
		}
	}
	return nil
}

// session serves the files of a depositor.
func (d Depository) session(offered ssh.NewChannel, root *os.Root) error {
	channel, asked, err := offered.Accept()
	if err != nil {
		return err
	}
	go func() {
		for r := range asked {
			ok := r.Type == "subsystem" && len(r.Payload) > 4 && string(r.Payload[4:]) == "sftp"
			_ = r.Reply(ok, nil)
		}
	}()
	f := &folder{root: root, space: cmp.Or(d.Space, 1<<40)}
	err = sftp.NewRequestServer(channel, sftp.Handlers{FileGet: f, FilePut: f, FileCmd: f, FileList: f}).Serve()
	_ = channel.Close() // the client waits for it
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

// folder is what a depositor sees: files without folders, added and never changed.
type folder struct {
	root  *os.Root
	space int64
}

// name returns the file that a path names.
func (f *folder) name(p string) (string, error) {
	dir, name := path.Split(path.Clean("/" + p))
	if dir != "/" || !fileName.MatchString(name) {
		return "", os.ErrPermission
	}
	return name, nil
}

// Fileread implements sftp.FileReader: what is complete can be read again.
func (f *folder) Fileread(r *sftp.Request) (io.ReaderAt, error) {
	name, err := f.name(r.Filepath)
	if err != nil {
		return nil, err
	}
	return f.root.Open(name)
}

// Filewrite implements sftp.FileWriter: parts alone are written.
func (f *folder) Filewrite(r *sftp.Request) (io.WriterAt, error) {
	name, err := f.name(r.Filepath)
	if err != nil || path.Ext(name) != partial {
		return nil, os.ErrPermission
	}
	if f.used() >= f.space {
		return nil, errors.New("there is no room left for this depositor")
	}
	return f.root.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o600)
}

func (f *folder) used() (n int64) {
	all, err := fs.ReadDir(f.root.FS(), ".")
	if err != nil {
		return f.space
	}
	for _, e := range all {
		if info, err := e.Info(); err == nil {
			n += info.Size()
		}
	}
	return n
}

// Filecmd implements sftp.FileCmder: a part is given its name, when there is none of it.
func (f *folder) Filecmd(r *sftp.Request) error {
	name, err := f.name(r.Filepath)
	if err != nil || path.Ext(name) != partial {
		return os.ErrPermission
	}
	switch r.Method {
	case "Remove":
		return f.root.Remove(name)
	case "Setstat":
		return nil // times and modes are ours
	case "Rename", "PosixRename":
		to, err := f.name(r.Target)
		if err != nil || to+partial != name {
			return os.ErrPermission
		}
		if _, err := f.root.Stat(to); err == nil {
			return os.ErrExist
		}
		part, err := f.root.OpenFile(name, os.O_RDWR, 0)
		if err != nil {
			return err
		}
		if err := errors.Join(part.Sync(), part.Close()); err != nil {
			return err
		}
		return f.root.Rename(name, to)
	}
	return os.ErrPermission
}

// Filelist implements sftp.FileLister.
func (f *folder) Filelist(r *sftp.Request) (sftp.ListerAt, error) {
	if path.Clean("/"+r.Filepath) == "/" && r.Method == "List" {
		all, err := fs.ReadDir(f.root.FS(), ".")
		if err != nil {
			return nil, err
		}
		var out listing
		for _, e := range all {
			if info, err := e.Info(); err == nil {
				out = append(out, info)
			}
		}
		return out, nil
	}
	if path.Clean("/"+r.Filepath) == "/" {
		info, err := f.root.Stat(".")
		return listing{info}, err
	}
	name, err := f.name(r.Filepath)
	if err != nil {
		return nil, err
	}
	info, err := f.root.Stat(name)
	if err != nil {
		return nil, err
	}
	return listing{info}, nil
}

type listing []os.FileInfo

// ListAt implements sftp.ListerAt.
func (l listing) ListAt(out []os.FileInfo, from int64) (int, error) {
	if from >= int64(len(l)) {
		return 0, io.EOF
	}
	n := copy(out, l[from:])
	if n < len(out) {
		return n, io.EOF
	}
	return n, nil
}

// Line returns a public key as in authorized_keys.
func Line(key crypto.PublicKey) (string, error) {
	k, err := ssh.NewPublicKey(key)
	if err != nil {
		return "", err
	}
	return string(ssh.MarshalAuthorizedKey(k)), nil
}

// Courier brings files to a depository.
type Courier struct {
	Addr    string        // HOST:PORT
	Name    string        // of the depositor
	Key     crypto.Signer // of the depositor
	HostKey string        // of the depository, as in authorized_keys
}

// Send brings files of a folder, in order, and returns when all are complete there. What
// is there already is not sent again.
//
// Errors: fault.Busy when it cannot be reached or the connection is cut, fault.Conflict
// when a file is there with another size.
func (c Courier) Send(ctx context.Context, dir fs.FS, names ...string) error {
	client, done, err := c.dial(ctx)
	if err != nil {
		return &fault.Fault{Kind: fault.Busy, Text: "the depository " + c.Addr + " cannot be reached", Err: err}
	}
	defer done()
	for _, name := range names {
		if err := send(client, dir, name); err != nil {
			if fault.KindOf(err) == "" {
				err = &fault.Fault{Kind: fault.Busy, Text: "file " + name + " could not be brought to " + c.Addr, Err: err}
			}
			return err
		}
	}
	return nil
}

func (c Courier) dial(ctx context.Context) (*sftp.Client, func(), error) {
	signer, err := ssh.NewSignerFromSigner(c.Key)
	if err != nil {
		return nil, nil, err
	}
	host, _, _, _, err := ssh.ParseAuthorizedKey([]byte(c.HostKey))
	if err != nil {
		return nil, nil, fmt.Errorf("the key of the depository: %w", err)
	}
	conn, err := (&net.Dialer{Timeout: handshake}).DialContext(ctx, "tcp", c.Addr)
	if err != nil {
		return nil, nil, err
	}
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	quit := func() { stop(); _ = conn.Close() }
	over, channels, requests, err := ssh.NewClientConn(conn, c.Addr, &ssh.ClientConfig{
		User: c.Name, Auth: []ssh.AuthMethod{ssh.PublicKeys(signer)}, HostKeyCallback: ssh.FixedHostKey(host), Timeout: handshake,
	})
	if err != nil {
		quit()
		return nil, nil, err
	}
	client, err := sftp.NewClient(ssh.NewClient(over, channels, requests))
	if err != nil {
		quit()
		return nil, nil, err
	}
	return client, func() { quit(); _ = client.Close() }, nil
}

func send(client *sftp.Client, dir fs.FS, name string) error {
	f, err := dir.Open(name)
	if err != nil {
		return err
	}
	defer f.Close() //nolint:errcheck // it is only read
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if there, err := client.Stat(name); err == nil {
		if there.Size() != info.Size() {
			return fault.New(fault.Conflict, "file %s is there with %d bytes, and here with %d", name, there.Size(), info.Size())
		}
		return nil
	}
	to, err := client.OpenFile(name+partial, os.O_RDWR|os.O_CREATE)
	if err != nil {
		return err
	}
	err = goOn(client, to, f, info.Size())
	if err := errors.Join(err, to.Close()); err != nil {
		return err
	}
	return client.Rename(name+partial, name)
}

// goOn writes what is missing of a part.
func goOn(client *sftp.Client, to *sftp.File, f fs.File, size int64) error {
	part, err := client.Stat(to.Name())
	if err != nil {
		return err
	}
	at := part.Size()
	if at > size {
		return fault.New(fault.Conflict, "part %s has %d bytes, and the file %d", to.Name(), at, size)
	}
	seeker, ok := f.(io.Seeker)
	if !ok {
		return errors.New("the file cannot be read from a place")
	}
	if _, err := seeker.Seek(at, io.SeekStart); err != nil {
		return err
	}
	if _, err := to.Seek(at, io.SeekStart); err != nil {
		return err
	}
	_, err = to.ReadFrom(f)
	return err
}
