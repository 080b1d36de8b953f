package app

import (
	"cmp"
	"errors"
	"maps"
	"slices"
	"strings"

	"github.com/ordermux/ordermux/internal/api"
	"github.com/ordermux/ordermux/internal/config"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/partner"
	"github.com/ordermux/ordermux/internal/secret"
)

// complete checks given values and makes those that the fields say are made.
func complete(fields []partner.Field, given map[string]api.FieldValue) (values map[string][]string, made map[string]string, err error) {
	values, made = map[string][]string{}, map[string]string{}
	full := maps.Clone(given)
	if full == nil {
		full = map[string]api.FieldValue{}
	}
	var bad order.Invalid
	for _, f := range fields {
		if _, ok := full[f.Name]; ok {
			continue
		}
		switch v := madeValue(f); {
		case v != "" && f.Secret:
			made[f.Name] = v
			fallthrough
		case v != "":
			full[f.Name] = api.FieldValue{v}
		case f.Required:
			bad.Faults = append(bad.Faults, order.Fault{
				Path: "values." + f.Name, Code: order.Required, Reason: "is missing: " + strings.TrimSuffix(f.Description, "."),
			})
		}
	}
	if err := check(fields, full, nil); err != nil {
		more, _ := errors.AsType[*order.Invalid](err)
		bad.Faults = append(bad.Faults, more.Faults...)
	}
	if len(bad.Faults) > 0 {
		return nil, nil, &bad
	}
	for field, v := range full {
		values[field] = v
	}
	return values, made, nil
}

// check refuses values that their fields do not allow; more may say what else
// is wrong with one.
func check(fields []partner.Field, given map[string]api.FieldValue, more func(partner.Field) string) error {
	var bad order.Invalid
	for _, field := range slices.Sorted(maps.Keys(given)) {
		refuse := func(sentence string) {
			bad.Faults = append(bad.Faults, order.Fault{Path: "values." + field, Code: order.Malformed, Reason: sentence})
		}
		i := slices.IndexFunc(fields, func(f partner.Field) bool { return f.Name == field })
		if i < 0 {
			refuse("unknown field; fields are " + namesOf(fields))
			continue
		}
		sentence := ""
		if more != nil {
			sentence = more(fields[i])
		}
		if v := given[field]; sentence == "" && (more == nil || len(v) > 0) {
			_, sentence = config.ReadField(fields[i], v)
		}
		if sentence != "" {
			refuse(sentence)
		}
	}
	if len(bad.Faults) > 0 {
		return &bad
	}
	return nil
}

func namesOf(fields []partner.Field) string {
	out := make([]string, len(fields))
	for i, f := range fields {
		out[i] = f.Name
	}
	return strings.Join(out, ", ")
}

// anew returns the secrets of a rotation: the given ones, and new ones for
// those that are there and that can be made.
func anew(s *stored, fields []partner.Field, given map[string]api.FieldValue) (values map[string][]string, made map[string]string) {
	values, made = map[string][]string{}, map[string]string{}
	for _, f := range fields {
		v, ok := given[f.Name]
		if !ok && f.Secret && s.has(f.Name) && (f.Make != "" || f.Password) {
			made[f.Name] = cmp.Or(madeValue(f), secret.NewValue().Reveal())
			v, ok = []string{made[f.Name]}, true
		}
		if ok {
			values[f.Name] = v
		}
	}
	return values, made
}

// madeValue makes the value of a field that nobody gave; "": nothing is made.
func madeValue(f partner.Field) string {
	switch f.Make {
	case partner.MakeUUID:
		return secret.NewUUID()
	case partner.MakeHex24:
		return secret.NewHex24()
	case partner.MakeKey:
		return secret.NewValue().Reveal()
	}
	return ""
}

// keptOf returns what is kept of a field's values.
func keptOf(f partner.Field, values []string) []string {
	if f.Keep == nil {
		return values
	}
	out := make([]string, len(values))
	for i, v := range values {
		out[i] = config.Kept(f, v)
	}
	return out
}
