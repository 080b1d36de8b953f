package idosell

import (
	"slices"
	"strconv"
	"strings"

	"github.com/ordermux/ordermux/internal/soap"
)

// dialect is the table of everything that a wholesaler's API may name
// otherwise than the sheet: gates, methods, fields, codes, words. Both sides
// speak through it. It does not change once it is made.
type dialect struct {
	ops     []*operation
	spoken  map[*operation]*spoken
	called  map[string]*operation // by "gate/method" in lower case: names and aliases
	methods map[string]*operation // by method in lower case, whatever the gate
	words   map[string]*vocabulary
	classes map[string]statusClass
}

// spoken is one operation as it is on the wire.
type spoken struct {
	gate, method      string
	version           int
	soap              *soap.Operation
	request, response *layout
}

// vocabulary are the values of one field, there and back.
type vocabulary struct{ out, in map[string]string }

// standard is the dialect of the sheet.
func standard() *dialect {
	d, err := readDialect("")
	if err != nil {
		panic(err) // a mistake of ours: a test reads it
	}
	return d
}

// names returns gate and method of an operation as they are called.
func (d *dialect) names(op *operation) (gate, method string) {
	s := d.spoken[op]
	return s.gate, s.method
}

// version is the version with which an operation is called.
func (d *dialect) version(op *operation) int { return d.spoken[op].version }

// resolve finds the operation that a caller means by gate and method, in
// whatever letters: by both names, by an alias, or by the method under any
// gate. The gate for logging in takes any method. Nil: none.
func (d *dialect) resolve(gate, method string) *operation {
	gate, method = strings.ToLower(gate), strings.ToLower(method)
	if op := d.called[gate+"/"+method]; op != nil {
		return op
	}
	login := d.op(opAuthenticate)
	if gate == strings.ToLower(gateAuthenticate) || gate == strings.ToLower(d.spoken[login].gate) && d.alone(login) {
		return login
	}
	return d.methods[method]
}

// alone reports whether no other operation is called by the gate of op.
func (d *dialect) alone(op *operation) bool {
	for other, s := range d.spoken {
		if other != op && strings.EqualFold(s.gate, d.spoken[op].gate) {
			return false
		}
	}
	return true
}

// op returns the operation of a canonical method; nil: there is none.
func (d *dialect) op(method string) *operation { return find(d.ops, method) }

// has reports whether a request of the operation has a place for what stands
// at a canonical path: "params.ordersExternalIds".
func (d *dialect) has(op *operation, path string) bool {
	_, ok := d.spoken[op].request.out[path]
	return ok
}

// soap describes an operation as it is on the wire: the whole request
// (authenticate, params) and the whole answer (errors and its members).
func (d *dialect) soap(op *operation) *soap.Operation { return d.spoken[op].soap }

// requestIn and requestOut turn a whole request ({authenticate, params}) from
// the wire's names to canonical ones, and back. What has no name stays.
func (d *dialect) requestIn(op *operation, v soap.Value) soap.Value {
	return d.spoken[op].request.convert(v, d.words, true)
}

func (d *dialect) requestOut(op *operation, v soap.Value) soap.Value {
	return d.spoken[op].request.convert(v, d.words, false)
}

// responseIn and responseOut do so with a whole answer ({errors, …}).
func (d *dialect) responseIn(op *operation, v soap.Value) soap.Value {
	return d.spoken[op].response.convert(v, d.words, true)
}

func (d *dialect) responseOut(op *operation, v soap.Value) soap.Value {
	return d.spoken[op].response.convert(v, d.words, false)
}

// renamed are the fields that the dialect gives other names: the canonical
// names by those of the wire (partner.Side.Names); nil: none.
func (d *dialect) renamed() map[string][]string {
	var out map[string][]string
	for _, s := range d.spoken {
		for _, l := range []*layout{s.request, s.response} {
			l.renamed(func(wire, canonical string) {
				if out == nil {
					out = map[string][]string{}
				}
				if !slices.Contains(out[wire], canonical) {
					out[wire] = append(out[wire], canonical)
				}
			})
		}
	}
	for _, names := range out {
		slices.Sort(names)
	}
	return out
}

// code is a code as the wire writes it.
func (d *dialect) code(c faultCode) string {
	return d.words["faultCode"].say(number(int64(c)), false).Text()
}

// class returns the class of a canonical status; what nobody knows is open.
func (d *dialect) class(status string) statusClass {
	if c, ok := d.classes[status]; ok {
		return c
	}
	if c, ok := statusClasses[status]; ok {
		return c
	}
	return classOpen
}

// statusClass is what a status means to us.
type statusClass string

// The classes of statuses.
const (
	classOpen    statusClass = "open"
	classPacking statusClass = "packing"
	classShipped statusClass = "shipped"
	classClosed  statusClass = "closed"
	classDead    statusClass = "dead"
)

// statusClasses are the statuses of the family and what they mean.
var statusClasses = map[string]statusClass{
	"new": classOpen, "payment_waiting": classOpen, "delivery_waiting": classOpen, "on_order": classOpen,
	"wait_for_dispatch": classOpen, "suspended": classOpen,
	"packed": classPacking, "packed_fulfillment": classPacking, "packed_ready": classPacking,
	"wait_for_packaging": classPacking, "ready": classPacking,
	"wait_for_receive": classShipped, "finished": classShipped, "finished_ext": classShipped,
	"returned": classClosed, "complained": classClosed,
	"canceled": classDead, "false": classDead, "lost": classDead, "missing": classDead, "joined": classDead,
}

// requestOf and responseOf are the whole request and answer of an operation,
// in canonical names.
func requestOf(op *operation) *soap.Type {
	keys := []soap.Field{needed("sessionKey", text), needed("dropshippingKey", text)}
	if op.login {
		keys = []soap.Field{needed("systemLogin", text), needed("systemKey", text)}
	}
	fields := []soap.Field{needed("authenticate", soap.StructType("authenticateType", keys...))}
	if len(op.params.Fields) > 0 {
		required := slices.ContainsFunc(op.params.Fields, func(f soap.Field) bool { return f.Required })
		fields = append(fields, soap.Field{Name: "params", Type: op.params, Required: required})
	}
	return soap.StructType("requestType", fields...)
}

func responseOf(op *operation) *soap.Type {
	fields := append([]soap.Field{needed("errors", errorsOf)}, op.result.Fields...)
	return soap.StructType("responseType", append(fields, field("ignored", soap.ListType(text)))...)
}

func member(name string, v soap.Value) soap.Member { return soap.Member{Name: name, Value: v} }

func number(n int64) soap.Value { return soap.NumberOf(strconv.FormatInt(n, 10)) }
