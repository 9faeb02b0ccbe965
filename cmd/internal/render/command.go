package render

import (
	"fmt"
	"strings"

	"github.com/plimsoll/plimsoll/cmd/internal/cmdline"
	"github.com/plimsoll/plimsoll/cmd/internal/report"
)

// Comments says in two lines what was judged and how it came out, for the
// head of a written deployment.
func Comments(c *report.Check) []string {
	what, where := headParts(c)
	verdict := verdictWords[c.Result.Verdict].word
	if c.Result.Reason != "" {
		verdict += ": " + c.Result.Reason
	}
	return []string{"plimsoll check: " + verdict, what + " " + where}
}

// commandTexts lists what was read of a command line, and what was not.
func commandTexts(c *report.Check) (title string, items []string) {
	cmd := c.Command
	if cmd == nil {
		return "", nil
	}
	if read := settingTexts(cmd.Read, true); read != "" {
		items = append(items, "read: "+read)
	}
	if own := settingTexts(cmd.Defaults, false); own != "" {
		items = append(items, "the engine's own: "+own)
	}
	for _, l := range groupLeft(cmd.NotModelled) {
		items = append(items, "not modelled: "+l)
	}
	if len(cmd.NoEffect) > 0 {
		items = append(items, "no effect: "+strings.Join(cmd.NoEffect, ", "))
	}
	return "From the command (" + cmd.Program + ")", items
}

func settingTexts(list []cmdline.Setting, flags bool) string {
	var out []string
	for _, s := range list {
		text := s.Field + " " + s.Value
		if flags {
			text += " (" + s.Flag + ")"
		}
		if s.Overridden {
			text += " [overridden]"
		}
		out = append(out, text)
	}
	return strings.Join(out, ", ")
}

// groupLeft joins flags that are left out for one reason.
func groupLeft(left []cmdline.Left) []string {
	var order []string
	by := map[string][]string{}
	for _, l := range left {
		if by[l.Reason] == nil {
			order = append(order, l.Reason)
		}
		by[l.Reason] = append(by[l.Reason], l.Flag)
	}
	for i, reason := range order {
		order[i] = fmt.Sprintf("%s (%s)", strings.Join(by[reason], ", "), reason)
	}
	return order
}
