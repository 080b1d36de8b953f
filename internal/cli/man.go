package cli

import (
	"fmt"
	"io"
	"strings"

	"github.com/alecthomas/kong"
)

type manCmd struct{}

// Run prints the manual.
func (manCmd) Run(env *Env, k *kong.Context) error {
	_, err := io.WriteString(env.Out, manual(k.Model.Node, env.Version))
	return err
}

// manEnd is what follows the commands.
const manEnd = `.SH ENVIRONMENT
.TP
.B ORDERMUX_URL
Address of the hub, as by \-\-hub.
.TP
.B ORDERMUX_TOKEN
Token of the API, as by \-\-token.
.TP
.B ORDERMUX_SHOP
Id of the shop, as by \-\-shop.
.TP
.B NO_COLOR
If it is set, nothing is coloured.
.SH EXIT STATUS
0: it was done. 1: it failed, and standard error says why and what to do. 2: the command line was wrong.
.SH EXAMPLES
.nf
ordermux init
ordermux check \-\-config ordermux.yml
ordermux serve \-\-config ordermux.yml
ordermux order 10042
ordermux stuck
ordermux tail
.fi
.SH SEE ALSO
docs/tutorial.md, docs/configuration.md
`

// manual is the manual in roff: the program, then every command.
func manual(program *kong.Node, version string) string {
	var b strings.Builder
	fmt.Fprintf(&b, ".TH ORDERMUX 1 \"\" %s \"User commands\"\n", roffQuoted("ordermux "+version))
	fmt.Fprintf(&b, ".SH NAME\nordermux \\- %s\n", roff(strings.ToLower(program.Help[:1])+strings.TrimSuffix(program.Help[1:], ".")))
	b.WriteString(".SH SYNOPSIS\n.B ordermux\n.I command\n.RI [ flags ]\n.SH DESCRIPTION\n")
	b.WriteString(roff("A shop owes the same order to many outside systems. An order comes in once, through a partner's own API, a file or our API; it is kept in a ledger, and goes out to every partner that needs it, with retries and proof.") + "\n")
	list := topics(program)
	b.WriteString(".SH COMMANDS\n")
	for _, t := range list[1:] {
		if len(t.subs) == 0 {
			manTopic(&b, t)
		}
	}
	b.WriteString(manEnd)
	return b.String()
}

func manTopic(b *strings.Builder, t topic) {
	fmt.Fprintf(b, ".SS %s\n%s\n", roffQuoted(usage(t)), roff(t.node.Help))
	if t.node.Detail != "" {
		fmt.Fprintf(b, ".PP\n.nf\n%s\n.fi\n", roff(t.node.Detail))
	}
	for _, a := range t.node.Positional {
		fmt.Fprintf(b, ".TP\n.I %s\n%s\n", roff(a.Name), roff(a.Help))
	}
	for _, f := range t.flags {
		name := "\\-\\-" + roff(f.Name)
		if f.Short != 0 {
			name = "\\-" + string(f.Short) + ", " + name
		}
		if takes(f) {
			name += "=" + roff(f.FormatPlaceHolder())
		}
		fmt.Fprintf(b, ".TP\n.B %s\n%s", name, roff(f.Help))
		if list := choices(f.Value); len(list) > 0 {
			fmt.Fprintf(b, " One of %s.", roff(strings.Join(list, ", ")))
		}
		b.WriteString("\n")
	}
}

// usage is how a command is called.
func usage(t topic) string {
	words := append([]string{"ordermux"}, t.path...)
	for _, a := range t.node.Positional {
		words = append(words, a.ShortSummary())
	}
	return strings.Join(append(words, "[flags]"), " ")
}

// roff makes a text harmless: nothing in it is a request.
func roff(s string) string {
	s = strings.NewReplacer(`\`, `\e`, "-", `\-`).Replace(s)
	lines := strings.Split(s, "\n")
	for i, l := range lines {
		if strings.HasPrefix(l, ".") || strings.HasPrefix(l, "'") {
			lines[i] = `\&` + l
		}
	}
	var b strings.Builder
	for _, r := range strings.Join(lines, "\n") {
		if r < 0x80 {
			b.WriteRune(r)
		} else {
			fmt.Fprintf(&b, "\\[u%04X]", r) // whatever the reader takes the bytes for
		}
	}
	return b.String()
}

func roffQuoted(s string) string { return `"` + strings.ReplaceAll(roff(s), `"`, `\(dq`) + `"` }
