// Package console opens every page of the console in a real browser: in every
// language, on screens of three widths, with axe and by the accessibility tree,
// and goes the ways that people go. It has no code of its own, only the test.
//
// It needs Chromium, and npm for axe; .ci/setup installs them. Pictures of all
// pages are written to the folder screenshots here, which git ignores; with the
// flag -dark those of the pages by night, too.
package console
