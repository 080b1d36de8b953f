// Package unsynced makes a kill lose what was not yet synced: a preload
// library notes every change of a file before it happens, and Rollback undoes,
// after the kill, the changes that no fsync had made final. See README.md for
// what it sees and what not. Linux only.
package unsynced
