package idosell

import (
	"strconv"

	"github.com/ordermux/ordermux/internal/soap"
)

// mostOfPage bounds the elements of a list, in requests and in pages (pages:
// the sibling API's documentation; requests: our choice).
const mostOfPage = 100

// page is the part of a list that a call asks for.
type page struct{ number, limit int }

// pageOf reads resultsPage, from 0, and resultsLimit, 1 to 100.
func pageOf(params soap.Value) (page, error) {
	p := page{limit: mostOfPage}
	if text := params.At("resultsPage").Text(); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 0 || n > 1_000_000 {
			return p, &fault{code: codeMalformed, path: "params.resultsPage", text: "is not a number from 0"}
		}
		p.number = n
	}
	if text := params.At("resultsLimit").Text(); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 {
			return p, &fault{code: codeMalformed, path: "params.resultsLimit", text: "is not a number from 1"}
		}
		if n > mostOfPage {
			return p, &fault{code: codeTooMany, path: "params.resultsLimit"}
		}
		p.limit = n
	}
	return p, nil
}

// skip is how many elements come before the page.
func (p page) skip() int { return p.number * p.limit }

// cut returns the page of a list.
func cut[T any](p page, all []T) []T {
	from := min(p.skip(), len(all))
	return all[from:min(from+p.limit, len(all))]
}

// members are an answer's: the elements of the page, and of how many.
func (p page) members(items []soap.Value, all int) []soap.Member {
	return []soap.Member{
		member("results", soap.ListOf(items...)),
		member("resultsNumberAll", number(int64(all))), member("resultsNumberPage", number(int64((all+p.limit-1)/p.limit))),
		member("resultsPage", number(int64(p.number))), member("resultsLimit", number(int64(p.limit))),
	}
}
