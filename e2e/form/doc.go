// Package form opens the form of a review invitation in a real browser: by the
// mail's link, with the keyboard alone, on a telephone's screen, and looks at
// every page with axe. It has no code of its own, only the test.
//
// It needs Chromium, and npm for axe (package-lock.json); .ci/setup installs
// them.
package form
