package cli

import (
	"fmt"
	"strings"

	"github.com/ordermux/ordermux/internal/config"
	"github.com/ordermux/ordermux/internal/json"
	"github.com/ordermux/ordermux/internal/partner"
)

// initHead and initFoot are the file around the shop; %s are the file's name,
// where to listen, and the admin token.
const (
	initHead = `# What this hub is. docs/configuration.md has every key, docs/partners/ what
# each partner takes.
#
#   ordermux check --config %[1]s   complains about every mistake, with its line
#   ordermux serve --config %[1]s   runs it
#   ordermux reload   makes a running hub read it again
#
# Any secret may be written as it is, as {env: NAME} or as {file: PATH}.

# Where the hub answers: the partners' doors, the API, the console. Only this
# machine reaches 127.0.0.1; let a proxy that speaks TLS stand before it, or
# give it a certificate.
listen: %[2]s
# tls: {cert: /etc/ordermux/cert.pem, key: /etc/ordermux/key.pem}

# The address by which the world sees it: for links in mails and the console,
# and for addresses that partners call.
# public_url: https://hub.example

# The store: orders, deliveries, proofs; and the key that seals the secrets in
# it. Copy it while the hub runs: ordermux backup DIR
data: ./data
# Several machines share a PostgreSQL instead; see docs/scale.md.
# database: {env: ORDERMUX_DATABASE}

# The first token of the API, for the commands (--token, ORDERMUX_TOKEN). It
# may do everything: make narrower ones with ordermux token create.
admin_token: %[3]s

# Mail: invitations to review, and alerts.
# smtp: {host: mail.hub.example, from: "Hub <hub@hub.example>", username: hub, password: {env: SMTP_PASSWORD}}
# Whom to tell when a route stops, lags, or the disk fills.
# alerts: {email: [you@hub.example]}

# For how many days data is kept; without it nothing is removed but captures
# and jobs. See docs/retention.md.
# retention: {personal: 730, evidence: 90}

shops:
`
	noDoors = `    # Clients of a partner call this hub instead of it, with these credentials.
    # doors:
    #   citrusad: {api_key: sk-1, publishable_key: pk-1, team_id: team-1}
`
	noRoutes = `    # Where orders go. Nothing is sent until there is one.
    # routes:
    #   hook:
    #     partner: webhook
    #     settings: {url: "https://shop.example/orders", secret: {env: HOOK_SECRET}}
`
	// ruleNotes are what every route may have.
	ruleNotes = `        # Which orders go, and when; all of them at once without it.
        # when: order.channel == "online"
        # after: 3d
        # disabled: true
`
)

// write makes the file's text.
func (s *newSetup) write(file string) string {
	var b strings.Builder
	fmt.Fprintf(&b, initHead, file, scalar(s.listen), scalar(s.token))
	fmt.Fprintf(&b, "  %s:\n    name: %s\n", scalar(s.shop), scalar(s.name))
	fmt.Fprintf(&b, "    # Of orders that come by a door or file whose format names none.\n    currency: %s\n", s.currency)
	fmt.Fprintf(&b, "    # Of dates without an offset, and of hours in this file.\n    timezone: %s\n\n", scalar(s.zone))
	if len(s.doors) == 0 {
		b.WriteString(noDoors + "\n")
	} else {
		b.WriteString("    # Clients of a partner call this hub instead of it, with these credentials.\n    doors:\n")
		for _, d := range s.doors {
			s.writeDoor(&b, d)
		}
		b.WriteString("\n")
	}
	if len(s.routes) == 0 {
		b.WriteString(noRoutes)
		return b.String()
	}
	b.WriteString("    # Where orders go.\n    routes:\n")
	for _, r := range s.routes {
		s.writeRoute(&b, r)
	}
	return b.String()
}

func (s *newSetup) writeDoor(b *strings.Builder, d newDoor) {
	at := s.listen
	if strings.HasPrefix(at, ":") {
		at = "127.0.0.1" + at
	}
	fmt.Fprintf(b, "      # %s, at http://%s/%s\n      %s:\n", d.partner.Title, at, d.partner.Name, d.partner.Name)
	for _, f := range config.DoorFields(d.partner, "") {
		writeField(b, "        ", f, s.set[d.key(f)])
	}
}

func (s *newSetup) writeRoute(b *strings.Builder, r newRoute) {
	fmt.Fprintf(b, "      %s:\n        # %s\n        partner: %s\n%s", scalar(r.name), r.partner.Title, r.partner.Name, ruleNotes)
	any := false
	for _, f := range r.fields() {
		any = any || s.set[r.key(f)] != ""
	}
	if any {
		b.WriteString("        settings:\n")
	} else {
		b.WriteString("        # settings:\n")
	}
	for _, f := range r.fields() {
		writeField(b, "          ", f, s.set[r.key(f)])
	}
}

// writeField writes a field with what it means; one without a value as a
// comment.
func writeField(b *strings.Builder, indent string, f partner.Field, value string) {
	for _, line := range wrap(f.Description, 90) {
		fmt.Fprintf(b, "%s# %s\n", indent, line)
	}
	if len(f.Choices) > 0 {
		fmt.Fprintf(b, "%s# One of: %s\n", indent, strings.Join(f.Choices, ", "))
	}
	if value == "" {
		def := strings.ReplaceAll(f.Default, "\n", " ")
		fmt.Fprintln(b, strings.TrimRight(fmt.Sprintf("%s# %s: %s", indent, f.Name, def), " "))
		return
	}
	fmt.Fprintf(b, "%s%s: %s\n", indent, f.Name, written(f, value))
}

// written is a value as the file has it.
func written(f partner.Field, value string) string {
	switch {
	case reference(value):
		return value
	case f.Kind == partner.Bool, f.Kind == partner.Int:
		return value
	case f.Kind == partner.List:
		var list []string
		for one := range strings.SplitSeq(value, ",") {
			list = append(list, scalar(strings.TrimSpace(one)))
		}
		return "[" + strings.Join(list, ", ") + "]"
	}
	return scalar(value)
}

// reference reports whether a value says where the value is.
func reference(value string) bool {
	return strings.HasSuffix(value, "}") && (strings.HasPrefix(value, "{env:") || strings.HasPrefix(value, "{file:")) && !strings.ContainsAny(value, "\n\r")
}

// scalar is a text as YAML has it: as it is where that is safe.
func scalar(s string) string {
	plain := s != "" && strings.IndexFunc(s, func(r rune) bool {
		return r > '~' || !strings.ContainsRune("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./", r)
	}) < 0 && strings.IndexAny(s[:1], "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ/") == 0
	switch strings.ToLower(s) {
	case "true", "false", "yes", "no", "on", "off", "null", "y", "n":
		plain = false
	}
	if plain {
		return s
	}
	b, err := json.Marshal(s) // a text of JSON is one of YAML
	if err != nil {
		return `""`
	}
	return string(b)
}

// wrap breaks a text into lines of at most n characters, where that is possible.
func wrap(text string, n int) (lines []string) {
	line := ""
	for word := range strings.FieldsSeq(text) {
		if line != "" && len(line)+1+len(word) > n {
			lines, line = append(lines, line), ""
		}
		if line != "" {
			line += " "
		}
		line += word
	}
	if line != "" {
		lines = append(lines, line)
	}
	return lines
}
