package benchfile

import (
	"regexp"
	"sync"
)

// pattern is a regular expression that is compiled when it is first used:
// every command links this package, few read a benchmark.
type pattern struct {
	compiled func() *regexp.Regexp
}

func lazy(expr string) pattern {
	return pattern{sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(expr) })}
}

func (p pattern) MatchString(s string) bool            { return p.compiled().MatchString(s) }
func (p pattern) FindStringSubmatch(s string) []string { return p.compiled().FindStringSubmatch(s) }
func (p pattern) FindAllString(s string, n int) []string {
	return p.compiled().FindAllString(s, n)
}
func (p pattern) FindAllStringSubmatch(s string, n int) [][]string {
	return p.compiled().FindAllStringSubmatch(s, n)
}
func (p pattern) ReplaceAllString(s, with string) string {
	return p.compiled().ReplaceAllString(s, with)
}
