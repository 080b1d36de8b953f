// Package listen listens to the doors of a hub while orders come in by all of
// them, and reads the archive that comes of it: every call is there, every XML
// is one, and no key and no address shows. It has no code of its own, only the
// test.
package listen
