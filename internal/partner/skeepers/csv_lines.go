package skeepers

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

const (
	utf8BOM = "\ufeff"
	// maxLine bounds a line: our choice.
	maxLine = 1 << 20
	// readAhead is how much of a file is read at a time.
	readAhead = 64 << 10
)

// A textLine is a line of a file in UTF-8, without its end.
type textLine struct {
	n     int // from 1
	bytes int // as they stand in the file, the end with them
	text  string
	fault string // why it can not be read
}

// lineReader reads a file's lines in whichever of the two encodings it is. The
// vendor's articles ask for UTF-8, its shop module writes ISO-8859-1.
type lineReader struct {
	in    *bufio.Reader
	n     int
	utf8  bool       // a line before was plainly so
	ahead []textLine // given back
	long  []byte     // of a line longer than the reader's buffer
}

func newLineReader(r io.Reader) *lineReader {
	return &lineReader{in: bufio.NewReaderSize(r, readAhead)}
}

// next returns the next line; io.EOF after the last.
func (l *lineReader) next() (textLine, error) {
	if len(l.ahead) > 0 {
		line := l.ahead[0]
		l.ahead = l.ahead[1:]
		return line, nil
	}
	b, size, err := l.read()
	if err != nil {
		return textLine{}, err
	}
	l.n++
	line := textLine{n: l.n, bytes: size}
	if l.n == 1 && bytes.HasPrefix(b, []byte(utf8BOM)) {
		b, l.utf8 = b[len(utf8BOM):], true
	}
	if size > maxLine {
		line.fault = fmt.Sprintf("is longer than %d MB", maxLine>>20)
		return line, nil
	}
	line.text, line.fault = l.decode(bytes.TrimRight(b, "\r\n"))
	return line, nil
}

// giveBack makes lines the next ones again.
func (l *lineReader) giveBack(lines []textLine) {
	l.ahead = append(lines, l.ahead...)
}

// read returns the bytes of the next line, which hold until the next call, and
// how many it has; of a line that is too long, only its beginning.
func (l *lineReader) read() (b []byte, size int, err error) {
	b, err = l.in.ReadSlice('\n')
	size = len(b)
	if !errors.Is(err, bufio.ErrBufferFull) {
		return b, size, ended(err, size)
	}
	l.long = append(l.long[:0], b...)
	for errors.Is(err, bufio.ErrBufferFull) {
		b, err = l.in.ReadSlice('\n')
		if size += len(b); size <= maxLine {
			l.long = append(l.long, b...)
		}
	}
	return l.long, size, ended(err, size)
}

// ended is the error of a read that brought so many bytes: the last line of a
// file may lack its end.
func ended(err error, size int) error {
	if errors.Is(err, io.EOF) && size > 0 {
		return nil
	}
	return err
}

// decode returns a line in UTF-8. A line that is not so belongs to a file in
// ISO-8859-1, unless lines before it were UTF-8: then it is damaged.
func (l *lineReader) decode(b []byte) (text, fault string) {
	switch {
	case isASCII(b):
		return string(b), ""
	case utf8.Valid(b):
		l.utf8 = true
		return string(b), ""
	case l.utf8:
		return "", "is not UTF-8, as lines before it are"
	}
	return latin(b), ""
}

func isASCII(b []byte) bool {
	for _, c := range b {
		if c >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// high are the characters that programs mean by 0x80 to 0x9F, which ISO-8859-1
// has no letters for: those of Windows-1252.
var high = [32]rune{
	'€', 0x81, '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', 0x8d, 'Ž', 0x8f,
	0x90, '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', 0x9d, 'ž', 'Ÿ',
}

// latin returns ISO-8859-1 as UTF-8.
func latin(b []byte) string {
	var out strings.Builder
	out.Grow(len(b) + len(b)/8)
	for _, c := range b {
		if c >= 0x80 && c < 0xa0 {
			out.WriteRune(high[c-0x80])
			continue
		}
		out.WriteRune(rune(c))
	}
	return out.String()
}
