package profiles

import "testing"

func TestInstance(t *testing.T) {
	for _, c := range []struct {
		name, device string
		devices      int
	}{
		{"p5.48xlarge", "h100-sxm5-80gb", 8},
		{"g6.12xlarge", "l4-24gb", 4},
		{"a3-highgpu-8g", "h100-sxm5-80gb", 8},
		{"Standard_ND96isr_H100_v5", "h100-sxm5-80gb", 8},
		{"Standard_NC4as_T4_v3", "tesla-t4-16gb", 1}, // in the price list only
		{"p3.8xlarge", "v100-sxm2-16gb", 4},
		{"a2-highgpu-1g", "a100-sxm4-40gb", 1},
		{"g5.2xlarge", "a10g-24gb", 1},
	} {
		m, how, ok := Instance(c.name)
		if !ok || len(m.Nodes) != 1 || len(m.Nodes[0].Devices) != c.devices || m.Nodes[0].Devices[0].ID != c.device || how == "" {
			t.Errorf("%s: %v %+v", c.name, ok, m)
		}
	}
	for _, name := range []string{"", "k3s", "k8s", "m5.large", "n1-standard-8", "average", "community cloud", "Server", "p5"} {
		if m, how, ok := Instance(name); ok {
			t.Errorf("%q is %s, %s", name, m.ID, how)
		}
	}
}
