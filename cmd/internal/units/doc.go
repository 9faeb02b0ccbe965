// Package units reads and prints quantities as people write them: 24GiB,
// 500ms, 32k. Bytes print in GiB (binary) and say so.
package units
