package review

import (
	"reflect"
	"regexp"
	"slices"
	"testing"
)

// Every language says everything, with the same blanks to be filled in.
func TestTextsAreWhole(t *testing.T) {
	t.Parallel()
	blank := regexp.MustCompile(`\{[a-z]*\}`)
	blanks := func(s string) []string {
		found := blank.FindAllString(s, -1)
		slices.Sort(found)
		return slices.Compact(found)
	}
	english := reflect.ValueOf(languages[0])
	for _, l := range languages {
		v := reflect.ValueOf(l)
		for i := range v.NumField() {
			name := l.Lang + " " + v.Type().Field(i).Name
			if v.Field(i).Kind() == reflect.Array {
				for n := range v.Field(i).Len() {
					if v.Field(i).Index(n).String() == "" {
						t.Errorf("%s: %d is missing", name, n)
					}
				}
				continue
			}
			got, want := blanks(v.Field(i).String()), blanks(english.Field(i).String())
			if v.Field(i).String() == "" || !slices.Equal(got, want) {
				t.Errorf("%s: %q has %v instead of %v", name, v.Field(i), got, want)
			}
		}
	}
}
