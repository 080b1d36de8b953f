package demo

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/exec"
	"time"

	"github.com/ordermux/ordermux/internal/app"
	"github.com/ordermux/ordermux/internal/config"
	"github.com/ordermux/ordermux/internal/json"
	"github.com/ordermux/ordermux/internal/partner/all"
	"github.com/ordermux/ordermux/internal/secret"
)

// Part is one program of the demo. It is handed to a child process as JSON.
type Part struct {
	Role   string `json:"role"` // "hub", "sandbox", "receiver", "mailbox"
	Dir    string `json:"dir,omitzero"`
	Config string `json:"config,omitzero"` // the hub's file
	Key    string `json:"key,omitzero"`    // the receiver's
	Drop   string `json:"drop,omitzero"`   // see Receiver and mailbox
}

// hello is a part's first and only line: where it answers.
type hello struct {
	URL      string `json:"url"`
	SMTPPort int    `json:"smtp_port,omitzero"` // of the mailbox
	Console  string `json:"console,omitzero"`   // where the first user is made
}

// RunPart runs one part until ctx or its standard input ends, so that no part
// outlives the demo. spec is a Part as JSON.
func RunPart(ctx context.Context, spec string, in io.Reader, out, logs io.Writer, version string) error {
	var p Part
	if err := json.Unmarshal([]byte(spec), &p); err != nil {
		return fmt.Errorf("part of the demo: %w", err)
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	go func() {
		_, _ = io.Copy(io.Discard, in) // ends with our parent
		stop()
	}()
	log := app.NewLog(logs, slog.LevelInfo, "text")
	switch p.Role {
	case "hub":
		cfg, err := config.Load(p.Config, config.Options{Partners: all.List(), CompileRule: app.CheckRule})
		if err != nil {
			return err
		}
		return runHub(ctx, app.Options{Config: cfg, Version: version, Log: log}, out)
	case "sandbox":
		cfg := app.SandboxConfig("127.0.0.1:0", p.Dir, all.List())
		setBrand(cfg)
		return runHub(ctx, app.Options{Config: cfg, Version: version, Log: log, Sandbox: true}, out)
	case "receiver":
		return runReceiver(ctx, p, out)
	case "mailbox":
		return runMailbox(ctx, p, out)
	}
	return fmt.Errorf("part of the demo: there is no role %q", p.Role)
}

func runHub(ctx context.Context, opts app.Options, out io.Writer) error {
	a, err := app.New(ctx, opts)
	if err != nil {
		return err
	}
	welcome, err := a.Welcome(ctx)
	if err != nil {
		return errors.Join(err, a.Close())
	}
	if err := json.MarshalWrite(out, hello{URL: a.URL(), Console: welcome}); err != nil {
		return errors.Join(err, a.Close())
	}
	if _, err := io.WriteString(out, "\n"); err != nil {
		return errors.Join(err, a.Close())
	}
	return a.Run(ctx)
}

func runReceiver(ctx context.Context, p Part, out io.Writer) error {
	r, err := NewReceiver(secret.New(p.Key), p.Drop)
	if err != nil {
		return err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	srv := &http.Server{Handler: r, ReadHeaderTimeout: 10 * time.Second}
	if _, err := fmt.Fprintf(out, "{\"url\":\"http://%s\"}\n", l.Addr()); err != nil {
		return errors.Join(err, l.Close())
	}
	return serveUntil(ctx, srv, l)
}

// running is a part that was started.
type running struct {
	Part
	hello
	stop func() error
	log  string // where it logs to
}

// starter starts parts: as processes, or in tests within this one.
type starter func(ctx context.Context, p Part, logs string) (*running, error)

// asProcess starts parts as processes of our own program: command begins the
// command line, the part's JSON ends it.
func asProcess(command []string) starter {
	return func(ctx context.Context, p Part, logs string) (*running, error) {
		spec, err := json.Marshal(p)
		if err != nil {
			return nil, err
		}
		log, err := os.Create(logs)
		if err != nil {
			return nil, err
		}
		defer log.Close()
		args := append(append([]string{}, command[1:]...), string(spec))
		// Not ctx, which would kill the part: it ends when its input does.
		cmd := exec.CommandContext(context.WithoutCancel(ctx), command[0], args...)
		cmd.Stderr = log
		in, err := cmd.StdinPipe()
		if err != nil {
			return nil, err
		}
		out, err := cmd.StdoutPipe()
		if err != nil {
			return nil, err
		}
		if err := cmd.Start(); err != nil {
			return nil, err
		}
		r := &running{Part: p, log: logs, stop: func() error {
			late := time.AfterFunc(stopTime, func() { _ = cmd.Process.Kill() })
			defer late.Stop()
			return errors.Join(in.Close(), cmd.Wait())
		}}
		return r, r.greet(out)
	}
}

// stopTime is how long a part may take to stop: longer than a hub waits for
// requests in flight.
const stopTime = 45 * time.Second

// within starts parts as goroutines.
func within(version string) starter {
	return func(ctx context.Context, p Part, logs string) (*running, error) {
		spec, err := json.Marshal(p)
		if err != nil {
			return nil, err
		}
		log, err := os.Create(logs)
		if err != nil {
			return nil, err
		}
		input, in := io.Pipe()
		output, out := io.Pipe()
		done := make(chan error, 1)
		go func() {
			err := RunPart(context.WithoutCancel(ctx), string(spec), input, out, log, version)
			done <- errors.Join(err, out.CloseWithError(io.EOF), log.Close())
		}()
		r := &running{Part: p, log: logs, stop: func() error { return errors.Join(in.Close(), <-done) }}
		return r, r.greet(output)
	}
}

// greet waits for the part's first line. A part that ends without one has
// said why in its log.
func (r *running) greet(out io.Reader) error {
	line, err := bufio.NewReader(out).ReadBytes('\n')
	var h hello
	if err == nil {
		err = json.Unmarshal(line, &h)
	}
	if err != nil {
		stopped := r.stop()
		said, _ := os.ReadFile(r.log)
		return fmt.Errorf("start the demo's %s: %w\n%s", r.Role, errors.Join(err, stopped), said)
	}
	r.hello = h
	return nil
}
