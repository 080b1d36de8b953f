package cli

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io/fs"
	"net"
	"net/http"
	"strings"
	"syscall"

	"github.com/ordermux/ordermux/internal/api"
	"github.com/ordermux/ordermux/internal/config"
	"github.com/ordermux/ordermux/internal/order"
)

// missing is a thing that the hub does not know.
type missing struct{ text, what string }

func (m *missing) Error() string { return m.text }

// advice says what to do next about an error; "": its text says so.
func advice(err error) string {
	if m, ok := errors.AsType[*missing](err); ok {
		return adviceOnMissing(m.what)
	}
	if p, ok := errors.AsType[*api.Problem](err); ok {
		return adviceOnProblem(p)
	}
	if said := adviceOnConnection(err); said != "" {
		return said
	}
	if c, ok := errors.AsType[*config.Error](err); ok {
		return "Mend the file, and look again with: ordermux check --config " + c.File + "; docs/configuration.md has every key."
	}
	switch {
	case strings.Contains(err.Error(), "looks like none of"):
		return "The format is named by --format, a mapping file by --map; docs/import.md shows both."
	case errors.Is(err, fs.ErrNotExist) && strings.HasPrefix(err.Error(), "configuration:"):
		return "Look for a slip of the pen in the path. A new configuration file is written by: ordermux init"
	case errors.Is(err, fs.ErrNotExist):
		return "Look for a slip of the pen in the path."
	case errors.Is(err, fs.ErrPermission):
		return "This user may not do that with this file; give it the right, or run as the user who has it."
	case errors.Is(err, order.ErrReadOnly):
		return "Free some space on the disk of the data folder, or let this user write there."
	case errors.Is(err, syscall.ENOSPC):
		return "The disk is full: free some space, and do it again."
	}
	return ""
}

// adviceOnMissing knows where the things are listed, by what was said of one.
func adviceOnMissing(what string) string {
	for _, known := range [][2]string{
		{"route %s or account", "List the routes with: ordermux routes; the accounts are those of its partner."},
		{"route %s or order", "List the routes with: ordermux routes; look for the order with: ordermux orders TEXT"},
		{"no route", "List the routes with: ordermux routes"},
		{"route %s", "List the routes with: ordermux routes"},
		{"credential", "List them with: ordermux token list --partner NAME"},
		{"token", "List the tokens with: ordermux token list"},
		{"template", "List the templates with: ordermux invitations templates"},
		{"capture", "List what was listened to with: ordermux capture list"},
		{"job %s of promotions", "The number stands in the answer to: ordermux promotions put FILE"},
		{"promotion", "List the promotions with: ordermux promotions list"},
		{"job", "List the jobs with: ordermux jobs list"},
		{"product", "List the products with: ordermux products list"},
		{"door", "The partners' doors stand in the configuration, under doors: of the shop."},
		{"order", "Look for it with: ordermux orders TEXT (an id, reference, e-mail, product or parcel); another shop is chosen by --shop."},
	} {
		if strings.Contains(what, known[0]) {
			return known[1]
		}
	}
	return "See what there is with: ordermux orders, ordermux routes"
}

// adviceOnProblem is about what the hub answered.
func adviceOnProblem(p *api.Problem) string {
	switch p.Status {
	case http.StatusUnauthorized:
		return "Give a token that this hub knows by --token or ORDERMUX_TOKEN: the admin_token of its configuration, or one made with: ordermux token create NAME --scope operate"
	case http.StatusForbidden:
		return "Use a token that may, by --token or ORDERMUX_TOKEN. An admin makes one with: ordermux token create NAME --scope SCOPE --shop ID; ordermux token create --help lists the scopes."
	case http.StatusNotFound:
		return adviceOnNotFound(p.Detail)
	case http.StatusBadRequest:
		return "Mend what is named, and do it again; nothing was changed."
	case http.StatusConflict:
		return "Nothing was changed. Look how it stands now, then decide."
	case http.StatusRequestEntityTooLarge:
		return "Hand it in in smaller pieces."
	case http.StatusServiceUnavailable, http.StatusTooManyRequests:
		return "It passes: do it again in a moment. If it does not, look into the hub's log, and at: ordermux nodes"
	case http.StatusMethodNotAllowed, http.StatusUnsupportedMediaType:
		return "This command and the hub may be of different versions: compare ordermux version on both."
	}
	if p.Status >= 500 {
		return "The hub's log says what happened; its standard error has it. Once that is mended, do it again."
	}
	return "Look whether --hub is the address of a hub, and not of something before it."
}

func adviceOnNotFound(detail string) string {
	switch {
	case strings.Contains(detail, "shop") && detail != api.NotFound:
		return "Name the shop as the configuration does, under shops:, by --shop or ORDERMUX_SHOP; without it the command takes the only one that the token sees, or lists them."
	case strings.HasPrefix(detail, "this hub"):
		return "The hub is not set up for this; docs/configuration.md says how it can be."
	case strings.Contains(detail, "/api/openapi.json"), strings.Contains(detail, "the hub's address answered"):
		return "Look whether --hub is the address of a hub; if it is, it may be of another version: compare ordermux version on both."
	}
	return "See what there is with: ordermux orders, ordermux routes, ordermux token list"
}

// adviceOnConnection is about a hub that was not reached.
func adviceOnConnection(err error) string {
	name, isName := errors.AsType[*net.DNSError](err)
	wait, isNet := errors.AsType[net.Error](err)
	_, untrusted := errors.AsType[*tls.CertificateVerificationError](err)
	_, other := errors.AsType[x509.HostnameError](err)
	plain, isPlain := errors.AsType[tls.RecordHeaderError](err)
	const how = " by --hub or ORDERMUX_URL"
	switch {
	case isName:
		return "The name " + name.Name + " is not known to this machine's DNS; give the hub's address" + how + "."
	case untrusted, other:
		return "This machine does not trust the hub's certificate: give the name that it was made for" + how + ", or let the machine trust who signed it (SSL_CERT_FILE)."
	case isPlain && plain.Conn != nil, strings.Contains(err.Error(), "server gave HTTP response to HTTPS client"):
		return "The hub speaks http:// there, not https://; give the address so" + how + "."
	case errors.Is(err, syscall.ECONNREFUSED):
		return "Nothing listens there. Start the hub with: ordermux serve --config FILE; or give its address" + how + "."
	case isNet && wait.Timeout(), errors.Is(err, syscall.ENETUNREACH), errors.Is(err, syscall.EHOSTUNREACH):
		return "The hub does not answer. Look whether its machine can be reached from here, and give its address" + how + "."
	case strings.Contains(err.Error(), "call the hub:"), strings.Contains(err.Error(), "read the hub's answer"):
		return "Look whether the hub runs at this address; if not, give it" + how + "."
	}
	return ""
}
