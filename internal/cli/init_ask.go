package cli

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/term"

	"github.com/ordermux/ordermux/internal/config"
	"github.com/ordermux/ordermux/internal/partner"
)

// errNobody is what a question comes to when the input has ended.
var errNobody = errors.New("the answers ended before the questions; nothing was written")

// question is one that init asks.
type question struct {
	text    string
	def     string              // taken when the answer is empty
	empty   bool                // an empty answer is one
	hidden  bool                // what is typed is not shown
	wrong   func(string) string // says what is wrong with an answer; nil: nothing
	explain string              // said before it is asked
}

// ask asks until the answer is one.
func (env *Env) ask(q question) (string, error) {
	if q.explain != "" {
		fmt.Fprintln(env.Err, q.explain)
	}
	for {
		def := ""
		if q.def != "" {
			def = " [" + q.def + "]"
		}
		fmt.Fprintf(env.Err, "%s%s: ", q.text, def)
		line, err := env.readLine(q.hidden)
		if err != nil {
			return "", err
		}
		line = cmp.Or(strings.TrimSpace(line), q.def)
		fault := ""
		switch {
		case line == "" && q.empty:
			return "", nil
		case line == "":
			fault = "is needed"
		case q.wrong != nil:
			fault = q.wrong(line)
		}
		if fault == "" {
			return line, nil
		}
		fmt.Fprintf(env.Err, "  %s\n", fault)
	}
}

// longestLine bounds an answer.
const longestLine = 64 << 10

// readLine reads a line and nothing behind it, so that the next reader, such as
// the one that hides what is typed, finds the rest.
func (env *Env) readLine(hidden bool) (string, error) {
	if f, ok := env.In.(*os.File); ok && hidden && term.IsTerminal(int(f.Fd())) {
		b, err := term.ReadPassword(int(f.Fd()))
		fmt.Fprintln(env.Err)
		return string(b), err
	}
	var line []byte
	one := make([]byte, 1)
	for len(line) < longestLine {
		n, err := env.In.Read(one)
		switch {
		case n > 0 && one[0] == '\n':
			return string(line), nil
		case n > 0:
			line = append(line, one[0])
		case errors.Is(err, io.EOF) && len(line) > 0:
			return string(line), nil
		case errors.Is(err, io.EOF):
			fmt.Fprintln(env.Err)
			return "", errNobody
		case err != nil:
			return "", err
		}
	}
	return "", errors.New("that is too long for an answer")
}

// ask asks for all that no flag said.
func (s *newSetup) ask(env *Env, c *initCmd) error {
	fmt.Fprintf(env.Err, "This writes %s. An empty answer takes what stands in [brackets].\n", c.shown())
	for _, q := range []struct {
		to *string
		question
	}{
		{&s.shop, question{text: "Id of the shop", def: "shop", wrong: config.WrongName}},
		{&s.name, question{text: "Its name, as people write it", empty: true}},
		{&s.currency, question{text: "Its currency", def: "EUR", wrong: wrongCurrency}},
		{&s.zone, question{text: "Its time zone", def: "UTC", wrong: wrongZone}},
		{&s.listen, question{text: "Address that the hub answers on", def: "127.0.0.1:8080", wrong: config.WrongAddress}},
	} {
		if *q.to != "" {
			continue
		}
		var err error
		if *q.to, err = env.ask(q.question); err != nil {
			return err
		}
	}
	if len(s.doors) == 0 {
		if err := s.askDoors(env); err != nil {
			return err
		}
	}
	if len(s.routes) == 0 {
		if err := s.askRoutes(env); err != nil {
			return err
		}
	}
	s.fill()
	return s.askFields(env)
}

func (s *newSetup) askDoors(env *Env) error {
	_, err := env.ask(question{
		explain: "Doors: clients of these partners can call this hub instead, by another address alone.\n  " +
			partnersWith(func(p partner.Partner) bool { return p.Door != nil }),
		text: "Which, with commas between them (none: empty)", empty: true,
		wrong: func(text string) string { return s.each(text, s.addDoor, func() { s.doors = nil }) },
	})
	return err
}

func (s *newSetup) askRoutes(env *Env) error {
	_, err := env.ask(question{
		explain: "Routes: orders go to these partners.\n  " + partnersWith(func(p partner.Partner) bool { return p.Route != nil }),
		text:    "Which, with commas between them, NAME=PARTNER for a name of your own (none: empty)", empty: true,
		wrong: func(text string) string { return s.each(text, s.addRoute, func() { s.routes = nil }) },
	})
	return err
}

// each adds what is named with commas between; what it complains about undoes
// all of it.
func (s *newSetup) each(text string, add func(string) error, undo func()) string {
	for one := range strings.SplitSeq(text, ",") {
		if one = strings.TrimSpace(one); one == "" {
			continue
		}
		if err := add(one); err != nil {
			undo()
			return err.Error()
		}
	}
	return ""
}

// askFields asks for what doors and routes need and nothing can be made for.
func (s *newSetup) askFields(env *Env) error {
	for _, d := range s.doors {
		for _, f := range config.DoorFields(d.partner, "") {
			if f.Required {
				if err := s.askField(env, d.key(f), f, false); err != nil {
					return err
				}
			}
		}
	}
	for _, r := range s.routes {
		for _, f := range r.fields() {
			// An address has a default where the partner has one for all.
			if f.Required || f.Secret || f.Kind == partner.URL && f.Default == "" {
				if err := s.askField(env, r.key(f), f, !f.Required); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

func (s *newSetup) askField(env *Env, key string, f partner.Field, empty bool) error {
	if s.set[key] != "" {
		return nil
	}
	hint := ""
	if f.Secret {
		hint = " ({env: NAME} takes it from the environment)"
	}
	answer, err := env.ask(question{
		explain: f.Description, text: key + hint, def: f.Default, empty: empty, hidden: f.Secret,
		wrong: func(text string) string { return wrongValue(f, text) },
	})
	if answer != "" {
		s.set[key] = answer
	}
	return err
}

// wrongValue says what is wrong with a value of a field; "": nothing.
func wrongValue(f partner.Field, text string) string {
	if reference(text) || f.Kind == partner.Document {
		return ""
	}
	texts := []string{text}
	if f.Kind == partner.List {
		texts = strings.Split(text, ",")
	}
	_, sentence := config.ReadField(f, texts)
	return sentence
}
