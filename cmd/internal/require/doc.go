// Package require reads requirements such as "decode_tok_s >= 20" or
// "total_bytes@central < 22GiB" and judges them on a finished check. A
// requirement is judged on the pessimistic end of the figure's interval
// unless it says @central.
package require
