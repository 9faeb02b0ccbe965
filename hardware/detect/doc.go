// Package detect finds out what the machine it runs on is: processors, memory,
// container limits and NVIDIA devices, as one hardware.Machine with a report of
// what each source said and of what was not found.
//
// Every source is one small adapter: NVML (with cgo on Linux), nvidia-smi,
// /proc/driver/nvidia, /proc/cpuinfo, cgroups, SMBIOS, gopsutil. The readers
// of foreign text are exported functions on bytes, so that a capture from
// another machine runs through the same code as this machine's files.
//
// Facts about devices do not live here: a Catalogue, passed in, turns the name
// a driver reports into the device's record. What no catalogue knows is
// computed from what the driver reports (bus width, clocks), read from the
// memory modules, or left zero and marked as assumed with the reason.
//
// The package writes nothing, prints nothing, talks to no network, and never
// puts a serial number, UUID or host name into its report.
package detect
