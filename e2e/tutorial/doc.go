// Package tutorial runs the commands of docs/tutorial.md as a reader would, in
// terminals, and compares what they print with what stands there.
package tutorial
