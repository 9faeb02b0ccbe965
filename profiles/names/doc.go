// Package names finds the one catalogue entry a person means when they write
// a name the way vendors, drivers, model hubs and forum posts write it:
// "NVIDIA GeForce RTX 4090", "rtx4090", "meta-llama/Llama-3.1-8B-Instruct".
//
// Matching is lenient where spelling carries no meaning (case, separators,
// vendor prefixes, trade marks, marketing words) and strict where it does:
// "Ti", "SUPER", "Laptop", "D" and "Max-Q" name other products and are never
// dropped or added. A name that fits several entries is refused with the
// choices; a name that fits none is refused with the nearest ones.
//
// An [Index] costs nothing to make: it holds the entries and scans them when
// asked, because a command resolves a handful of names and then ends.
package names
