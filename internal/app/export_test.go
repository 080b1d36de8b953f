package app

import "github.com/ordermux/ordermux/internal/review"

// HopsOf is hopsOf for tests.
var HopsOf = hopsOf

// Book returns what answers for invitations and reviews.
func (a *App) Book() *review.Book { return a.book }
