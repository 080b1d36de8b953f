package app

import "github.com/ordermux/ordermux/internal/rule"

// CheckRule checks a rule of a configuration; kind is "when" or "lines". It is
// what config.Options.CompileRule wants.
func CheckRule(kind, text string) error {
	k := rule.Order
	if kind == "lines" {
		k = rule.Line
	}
	_, err := rule.Compile(k, text)
	return err
}
