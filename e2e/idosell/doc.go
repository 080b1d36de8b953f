// Package idosell lets ordinary SOAP clients, PHP's and Node's, order at a
// sandbox's wholesaler by the descriptions that it serves. See README.md.
package idosell
