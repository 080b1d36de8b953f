package config

import (
	"errors"
	"fmt"

	"github.com/goccy/go-yaml"
)

// DecodeYAML reads one small YAML (or JSON) document of a known shape, such as
// a mapping file of `ordermux import`, into a struct with yaml tags. Unknown
// and repeated keys are refused; the error names the line.
func DecodeYAML(text []byte, into any) (err error) {
	if len(text) > maxFile {
		return fmt.Errorf("the file is larger than %d MiB", maxFile>>20)
	}
	// As in document: a fault of the parser is a complaint about the file.
	defer func() {
		if p := recover(); p != nil {
			err = errors.New("not YAML that can be read; check brackets, quotes and indentation")
		}
	}()
	err = yaml.UnmarshalWithOptions(text, into, yaml.Strict())
	if ye := yaml.Error(nil); errors.As(err, &ye) {
		if tk := ye.GetToken(); tk != nil && tk.Position != nil {
			return fmt.Errorf("line %d: %s", tk.Position.Line, ye.GetMessage())
		}
		return errors.New(ye.GetMessage())
	}
	return err
}
