// Package saved reads documents that plimsoll wrote back: any kind that has
// cases, several of them one after the other, lines of a sweep, and lines of
// --output jsonl. Files may come from anybody: reading is bounded, and what a
// terminal or a browser would take for commands is removed.
package saved
