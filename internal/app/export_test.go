package app

// HopsOf is hopsOf for tests.
var HopsOf = hopsOf
