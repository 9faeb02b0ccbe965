// Package measure finds out by measurement what this machine does: how fast
// its memory is read, copied and combined by how many threads, how much
// arithmetic its cores do, how large its caches are, and how fast files are
// read. It takes seconds, needs no rights and leaves nothing behind.
//
// Bytes are counted as STREAM counts them (J. D. McCalpin, "Memory Bandwidth
// and Machine Balance in Current High Performance Computers", 1995): what the
// program reads and writes. A line that is fetched before it is written over
// is not counted. Stores are ordinary ones, as a compiler makes them.
package measure
