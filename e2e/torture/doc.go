// Package torture kills the hub, again and again, while clients send and routes
// deliver to partners that misbehave, lets every kill lose what was not synced,
// and then asks each side what it has: see Evidence for what must hold. It does
// the same to several nodes and the PostgreSQL that they share.
// Linux only; the rules (Evidence) are checked anywhere.
package torture
