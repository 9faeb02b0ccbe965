package format

// Table holds all block types and weight formats, read from data.
type Table struct{}
