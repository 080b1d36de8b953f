package review

import "net/http"

// book is what the parts of a Book keep in memory.
type book struct{}

func (b *Book) begin() {}

func (b *Book) pages() http.Handler { return http.NotFoundHandler() }
