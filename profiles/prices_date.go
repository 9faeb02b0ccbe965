package profiles

import (
	"fmt"
	"time"
)

// Date is a day, a month or a year in ISO 8601 ("2026-03-12", "2026-03",
// "2026"), or empty where not known.
type Date string

// ParseDate checks a date.
func ParseDate(s string) (Date, error) {
	if _, ok := Date(s).start(); !ok {
		return "", fmt.Errorf("want a date as 2026-03-12, 2026-03 or 2026, got %q", oneLine(s))
	}
	return Date(s), nil
}

// start is the first day that a date may mean.
func (d Date) start() (time.Time, bool) {
	for _, layout := range []string{"2006-01-02", "2006-01", "2006"} {
		if len(d) == len(layout) {
			t, err := time.Parse(layout, string(d))
			return t, err == nil
		}
	}
	return time.Time{}, false
}

// first is that day in ISO 8601, which sorts; empty where not known.
func (d Date) first() string {
	t, ok := d.start()
	if !ok {
		return ""
	}
	return t.Format(time.DateOnly)
}

// Stale tells whether a price of this date may be older than a year at a
// given day: a month or a year counts from its first day, and what has no
// date is stale.
func (d Date) Stale(at Date) bool {
	then, ok := d.start()
	now, known := at.start()
	return !ok || known && then.AddDate(1, 0, 0).Before(now)
}
