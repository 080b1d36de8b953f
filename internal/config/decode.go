package config

import (
	"errors"
	"fmt"

	"github.com/goccy/go-yaml"
)

// DecodeYAML decodes a small YAML file of another kind (a mapping of an
// import) into a value with yaml tags. Unknown keys and keys given twice are
// refused; the error names the line.
func DecodeYAML(text []byte, into any) (err error) {
	if len(text) > maxFile {
		return fmt.Errorf("larger than %d MiB", maxFile>>20)
	}
	defer func() { // see document
		if p := recover(); p != nil {
			err = errors.New("not YAML that can be read; check brackets, quotes and indentation")
		}
	}()
	err = yaml.UnmarshalWithOptions(text, into, yaml.Strict())
	if ye, ok := errors.AsType[yaml.Error](err); ok {
		if tk := ye.GetToken(); tk != nil && tk.Position != nil {
			return fmt.Errorf("line %d: %s", tk.Position.Line, oneLine(ye.GetMessage()))
		}
		return errors.New(oneLine(ye.GetMessage()))
	}
	return err
}
