//go:build cgo && linux

package sqlite

/*
#include <features.h>
#ifdef __GLIBC__
#include <malloc.h>
static void trim(void) { malloc_trim(0); }
#else
static void trim(void) {}
#endif
*/
import "C"

// trimMemory gives the pages that the engine has freed back to the system. The
// C library keeps them by itself: some 150 MB after a busy hour.
func trimMemory() { C.trim() }
