package scenario

import (
	"fmt"
	"strconv"

	"github.com/plimsoll/plimsoll/cmd/internal/problem"
)

func wrong(what, where, remedy string) error {
	return problem.Wrong(problem.BadValue, what, where, remedy)
}

func contradiction(what, remedy string) error {
	return problem.Wrong(problem.Contradiction, what, "", remedy)
}

func outOfRange(b bound) error {
	return wrong(fmt.Sprintf("%s is out of range", b.field), strconv.FormatInt(b.value, 10),
		fmt.Sprintf("use a whole number from %d to %d", b.low, b.high))
}

// quoted quotes a value of the user's for a message, cut short.
func quoted(s string) string {
	const limit = 80
	if len(s) > limit {
		s = s[:limit] + "…"
	}
	return strconv.Quote(s)
}
