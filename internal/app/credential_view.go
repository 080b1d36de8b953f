package app

import (
	"net"
	"net/url"
	"slices"
	"strings"

	"github.com/ordermux/ordermux/internal/api"
	"github.com/ordermux/ordermux/internal/partner"
	"github.com/ordermux/ordermux/internal/sftp"
)

// describe tells of a credential that was made here.
func (c credentialActs) describe(id credentialID, fields []partner.Field, s *stored) api.Credential {
	out := described(id)
	out.Shadowed, out.Created, out.Rotated = c.configured(id), s.record.Made, s.record.Rotated
	for _, f := range fields {
		if v := s.values[f.Name]; len(v) > 0 && !f.Secret {
			out.Values[f.Name] = shownValue(v)
		}
		if f.Secret && s.has(f.Name) {
			out.Secrets = append(out.Secrets, f.Name)
		}
	}
	now := c.app.now()
	for _, k := range slices.Concat(s.record.Digests, s.record.Passwords, s.old) {
		if k.Until.After(now) && k.Until.After(out.OldUntil) {
			out.OldUntil = k.Until
		}
	}
	return out
}

// describeConfigured tells of a credential of the configuration.
func describeConfigured(id credentialID, fields []partner.Field, g partner.Grant) api.Credential {
	out := described(id)
	out.Configured = true
	for _, f := range fields {
		v := g.Settings[f.Name]
		switch {
		case v.Secret.Set():
			out.Secrets = append(out.Secrets, f.Name)
		case v.Text != "":
			out.Values[f.Name] = shownValue([]string{v.Text})
		case len(v.List) > 0:
			out.Values[f.Name] = shownValue(v.List)
		}
	}
	return out
}

func described(id credentialID) api.Credential {
	return api.Credential{
		Shop: id.shop, Partner: id.partner, Kind: id.of, Name: id.name, Source: id.partner + ":" + id.name,
		Values: map[string]api.FieldValue{}, Secrets: []string{},
	}
}

// shown tells of a credential with what was made for it.
func (c credentialActs) shown(id credentialID, fields []partner.Field, s *stored, made map[string]string) api.NewCredential {
	return api.NewCredential{Credential: c.describe(id, fields, s), URL: c.app.addressOf(id.partner, id.of), Made: made}
}

// shownValue is a value as lists show it: addresses of mail are somebody's.
func shownValue(v []string) api.FieldValue {
	out := make(api.FieldValue, len(v))
	for i, s := range v {
		out[i] = s
		if strings.Contains(s, "@") {
			out[i] = api.MaskEmail(s)
		}
	}
	return out
}

// addressOf is where clients use a kind of credential: at the door, or at the
// SFTP server. "": there is none, for the configuration has no sftp.
func (a *App) addressOf(partner, of string) string {
	if of != sftp.Kind {
		return a.doorURL(partner)
	}
	at := a.UploadAddr()
	if at == nil {
		return ""
	}
	host, port, err := net.SplitHostPort(at.String())
	if err != nil {
		return ""
	}
	if u, err := url.Parse(a.config().PublicURL); err == nil && u.Hostname() != "" {
		host = u.Hostname()
	}
	return "sftp://" + net.JoinHostPort(host, port)
}

// doorURL is where clients reach a door.
func (a *App) doorURL(partner string) string {
	base := a.config().PublicURL
	if base == "" {
		base = a.URL()
	}
	return strings.TrimRight(base, "/") + "/" + partner
}
