package profiles

import "github.com/plimsoll/plimsoll/hardware"

// The keys of a measurement's file, which the reader and the writer share.

func measuredFields(m *hardware.Measured) []field {
	return []field{
		{"date", &m.Date, 0, "day of the measurement"},
		{"cpu", &m.CPU, 0, "processor, as detected: the file counts on that one only"},
		{"cores", &m.Cores, 1 << 16, "processors that the threads could run on"},
		{"memory_gb", gib{&m.MemoryBytes}, maxMemory, "main memory in GiB: the file counts with that only"},
		{"virtual", &m.Virtual, 0, "true on a virtual machine"},
		{"vectors", &m.Vectors, 0, "instructions that moved the memory"},
		{"array_gb", gib{&m.ArrayBytes}, maxMemory, "size of each of three arrays, in GiB"},
		{"notes", &m.Notes, 0, "what could not be measured as it should be"},
	}
}

func memoryRatesFields(m *hardware.MemoryRates) []field {
	return []field{{"threads", &m.Threads, 1 << 16, "threads that worked side by side"}}
}

// memoryRates are the rates of a row, by key.
func memoryRates(m *hardware.MemoryRates) []namedRate {
	return []namedRate{{"read_gb_s", &m.Read}, {"copy_gb_s", &m.Copy}, {"triad_gb_s", &m.Triad}}
}

func opsFields(o *hardware.MeasuredOps) []field {
	return []field{
		{"kernel", &o.Kernel, 0, "instructions"},
		{"threads", &o.Threads, 1 << 16, "all threads"},
	}
}

func opsRates(o *hardware.MeasuredOps) []namedRate {
	return []namedRate{{"one_thread_gops", &o.One}, {"all_threads_gops", &o.All}}
}

func cacheFields(c *hardware.Cache) []field {
	return []field{
		{"level", &c.Level, 9, "1 is nearest"},
		{"size_gb", gib{&c.Bytes}, maxMemory, "size in GiB"},
		{"shared", &c.Shared, 1 << 16, "processors that share it"},
		{"from", &c.From, 0, "system or latency"},
	}
}

func storageFields(s *hardware.MeasuredStorage) []field {
	return []field{
		{"size_gb", gib{&s.Bytes}, maxMemory, "what was read, in GiB"},
		{"how", &s.How, 0, "how the system's cache was passed by"},
	}
}

func deviceRatesFields(d *hardware.MeasuredDevice) []field {
	return []field{{"name", &d.Name, 0, "device, as detected"}}
}

// namedRate is a rate under its key.
type namedRate struct {
	key  string
	rate *hardware.Rate
}

func rateOfFields(r *hardware.Rate) []field {
	return []field{
		{"best", &r.Best, 1e9, "best of the repetitions"},
		{"median", &r.Median, 1e9, "median of the repetitions"},
		{"spread", &r.Spread, 100, "standard deviation of the repetitions' logarithms"},
	}
}
