// Package measured holds published measurements of speed, of single users
// (Row) and of servers under load (ServingRow), normalised to the catalogues'
// ids, each with its source: what the speed model is fitted to and judged by.
// Nobody here made them. Rows that must not be used keep the reason in Exclude.
package measured
