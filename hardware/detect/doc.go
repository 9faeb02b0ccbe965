// Package detect finds out what the machine it runs on is: processors, memory,
// limits, accelerators and drives, as one hardware.Machine with a report of
// what each source said and of what was not found.
//
// Every source is one small adapter: NVML (with cgo on Linux), nvidia-smi,
// /proc/driver/nvidia; sysfs and KFD topology of amdgpu, amd-smi and rocm-smi;
// sysfs of i915 and xe, xpu-smi, hl-smi; sysctl, ioreg and system_profiler;
// the registry of Windows; npu-smi and what the kernel shows of NPUs; cpuinfo,
// NUMA nodes, control groups, SMBIOS, SPD, EDAC, block devices. The readers of
// foreign text are functions on bytes, so that a capture from another machine
// runs through the same code as this machine's files: Options.Root may be a
// folder with files and outputs of another machine (snapshot.go).
//
// Every command and every source has a time limit, reads are bounded, and what
// does not answer is a note in the report. A Trace records each question with
// its answer, and a Redactor takes out of it what identifies a machine or a
// person.
//
// Facts about devices do not live here: a Catalogue, passed in, turns the name
// a driver reports into the device's record. What no catalogue knows is
// computed from what the driver reports (bus width, clocks), read from the
// memory modules, or left zero and marked as assumed with the reason.
//
// The package writes nothing, prints nothing, talks to no network, and never
// puts a serial number, UUID or host name into its report.
package detect
