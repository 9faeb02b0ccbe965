package cli_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/plimsoll/plimsoll/cmd/internal/cli"
	"github.com/plimsoll/plimsoll/estimator"
	"github.com/plimsoll/plimsoll/profiles"
)

// Where kubectl is not there it is said so, and what to do.
func TestImportWithoutKubectl(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	got := runInside(context.Background(), nil, "hardware", "import", "--kubectl")
	if got.exit != 2 || got.stdout != "" || !strings.Contains(got.stderr, "kubectl is not found") || strings.Count(got.stderr, "\n") != 1 {
		t.Errorf("%+v", got)
	}
}

// clusterList writes the node list of a cluster of so many nodes, a third each of
// three kinds, about 11 KB each as kubectl prints them.
func clusterList(nodes int) []byte {
	var b bytes.Buffer
	b.WriteString(`{"apiVersion":"v1","items":[`)
	var images strings.Builder
	for k := range 45 {
		fmt.Fprintf(&images, `{"names":["registry.example/team/image-%d@sha256:%064x","registry.example/team/image-%d:v1.%d"],"sizeBytes":%d},`, k, k, k, k, 1000000+k)
	}
	for i := range nodes {
		if i > 0 {
			b.WriteByte(',')
		}
		kind := []struct {
			pool, instance, product string
			memory, count, ram      int
		}{{"h100", "p5.48xlarge", "NVIDIA-H100-80GB-HBM3", 81559, 8, 2097075312}, {"a10g", "g5.12xlarge", "NVIDIA-A10G", 23028, 4, 195743044}, {"t4", "g4dn.xlarge", "Tesla-T4", 15360, 1, 15990000}}[i%3]
		fmt.Fprintf(&b, `{"apiVersion":"v1","kind":"Node","metadata":{"name":"node-%d","labels":{"eks.amazonaws.com/nodegroup":%q,"node.kubernetes.io/instance-type":%q,"nvidia.com/gpu.product":%q,"nvidia.com/gpu.memory":"%d","nvidia.com/gpu.count":"%d"`, i, kind.pool, kind.instance, kind.product, kind.memory, kind.count)
		for k := range 40 {
			fmt.Fprintf(&b, `,"example.com/label-%d":"value-%d"`, k, k)
		}
		fmt.Fprintf(&b, `}},"spec":{"providerID":"aws:///x/i-%d"},"status":{"capacity":{"cpu":"96","memory":"%dKi","nvidia.com/gpu":"%d"},"allocatable":{"cpu":"95","memory":"%dKi","nvidia.com/gpu":"%d"},"conditions":[{"type":"Ready","status":"True"}],"images":[%s{}]}}`,
			i, kind.ram+i, kind.count, kind.ram-1000000, kind.count, images.String())
	}
	b.WriteString(`],"kind":"List"}`)
	return b.Bytes()
}

// A large cluster comes out as its three pools, and a check tells what it holds.
func TestImportOfAThousandNodes(t *testing.T) {
	got := runInside(context.Background(), clusterList(1000), "hardware", "import")
	if got.exit != 0 || got.stderr != "" {
		t.Fatalf("exit %d: %s", got.exit, got.stderr)
	}
	m, err := profiles.ReadMachine("fleet.yaml", []byte(got.stdout))
	if err != nil || len(m.Nodes) != 3 || m.Nodes[0].Count+m.Nodes[1].Count+m.Nodes[2].Count != 1000 || m.Devices() != 334*8+333*4+333 {
		t.Errorf("%v\n%s", err, got.stdout)
	}
	for i, want := range []string{"h100", "a10g", "t4"} {
		if m.Nodes[i].Name != want {
			t.Errorf("pool %d is %s, want %s", i, m.Nodes[i].Name, want)
		}
	}
}

func BenchmarkImport(b *testing.B) {
	for _, nodes := range []int{1000, 10000} {
		b.Run(fmt.Sprint(nodes), func(b *testing.B) {
			text := clusterList(nodes)
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				code := cli.Main(context.Background(), []string{"hardware", "import", "-"}, cli.Env{Stdin: bytes.NewReader(text), Stdout: io.Discard, Stderr: io.Discard,
					Getenv: func(string) string { return "" }, Facts: namedFacts, Estimate: estimator.Estimate})
				if code != 0 {
					b.Fatal(code)
				}
			}
		})
	}
}

// FuzzImport: whatever comes in, there is a profile that reads back, or one line
// of what is wrong.
func FuzzImport(f *testing.F) {
	f.Add(clusterList(3))
	f.Add([]byte("NodeName=a Gres=gpu:h100:8,gpu:1g.10gb:2 State=IDLE RealMemory=512000 CPUTot=64 Partitions=p\nNodeName=b Gres=gpu:x:3 State=IDLE"))
	f.Add([]byte(`[{"node_id":"a","state":"ALIVE","resources_total":{"GPU":8,"accelerator_type:H100":1,"memory":1e12}}]`))
	f.Fuzz(func(t *testing.T, data []byte) {
		got := runInside(context.Background(), data, "hardware", "import", "--cpu-nodes", "--only-ready=false")
		switch {
		case got.exit == 0:
			if _, err := profiles.ReadMachine("f.yaml", []byte(got.stdout)); err != nil {
				t.Errorf("%v\n%s", err, got.stdout)
			}
		case got.exit != 2 || got.stdout != "" || !strings.HasPrefix(got.stderr, "plimsoll: "):
			t.Errorf("exit %d: %s", got.exit, got.stderr)
		}
	})
}
