package config

import (
	"errors"
	"io"
	"os"
	"unicode/utf8"
)

// maxDocument bounds a file that a setting names.
const maxDocument = 1 << 20

var (
	errTooLong = errors.New("longer than 1 MB")
	errNoText  = errors.New("not UTF-8")
)

// document returns what is in the file that a setting names. False: it
// complained.
func (v value) document() (string, bool) {
	name, ok := v.scalar()
	if !ok {
		return "", false
	}
	if name == "" {
		v.complain("is empty; give the path of a file or remove the key")
		return "", false
	}
	text, err := readDocument(v.c.path(name))
	switch {
	case errors.Is(err, errTooLong):
		v.complain("the file %s is larger than 1 MB; name a smaller one", name)
	case errors.Is(err, errNoText):
		v.complain("the file %s is not valid UTF-8; save it as UTF-8", name)
	case err != nil:
		v.complain("the file %s can not be read; create it or correct the path", name)
	}
	return text, err == nil
}

func readDocument(path string) (text string, err error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	b, err := io.ReadAll(io.LimitReader(f, maxDocument+1))
	switch {
	case err != nil:
		return "", err
	case len(b) > maxDocument:
		return "", errTooLong
	case !utf8.Valid(b):
		return "", errNoText
	}
	return string(b), nil
}
