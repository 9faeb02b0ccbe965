package safetensors_test

import (
	"bytes"
	"encoding/binary"
	"strings"
	"testing"

	"github.com/plimsoll/plimsoll/profiles/modelfile/safetensors"
)

func file(header string, data int) []byte {
	b := binary.LittleEndian.AppendUint64(nil, uint64(len(header)))
	return append(append(b, header...), make([]byte, data)...)
}

func read(b []byte) (ts []safetensors.Tensor, err error) {
	err = safetensors.Read(bytes.NewReader(b), int64(len(b)), func(t safetensors.Tensor) error {
		ts = append(ts, t)
		return nil
	})
	return ts, err
}

func TestRead(t *testing.T) {
	ts, err := read(file(`{"__metadata__":{"format":"pt","x":[[{}]]},"a":{"dtype":"BF16","shape":[2,4],"data_offsets":[0,16]},"b":{"dtype":"F8_E4M3","shape":[4],"data_offsets":[16,20]},"c":{"dtype":"F4","shape":[8],"data_offsets":[20,24]}}`, 24))
	if err != nil {
		t.Fatal(err)
	}
	if len(ts) != 3 || ts[0].Elements() != 8 || ts[1].Bytes != 4 || ts[2].Bytes != 4 {
		t.Errorf("%+v", ts)
	}
}

func TestReadBroken(t *testing.T) {
	for name, tc := range map[string]struct {
		in   []byte
		want string
	}{
		"empty":          {nil, "too few"},
		"length":         {binary.LittleEndian.AppendUint64(nil, 1<<62), "claims"},
		"not JSON":       {file(`hello world`, 0), "JSON"},
		"array":          {file(`[1,2]`, 0), "not a JSON object"},
		"cut":            {file(`{"a":{"dtype":"F32"`, 0), "too early"},
		"offsets":        {file(`{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,0]}}`, 4), "rising"},
		"float offsets":  {file(`{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4.5]}}`, 8), "rising"},
		"beyond":         {file(`{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}`, 4), "not complete"},
		"size":           {file(`{"a":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}}`, 8), "take 12 bytes"},
		"overflow":       {file(`{"a":{"dtype":"F32","shape":[4294967296,4294967296,4],"data_offsets":[0,8]}}`, 8), "impossible"},
		"negative":       {file(`{"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,8]}}`, 8), "impossible"},
		"dtype":          {file(`{"a":{"dtype":"Q9","shape":[1],"data_offsets":[0,8]}}`, 8), "not known"},
		"overlap":        {file(`{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}`, 8), "overlap"},
		"twice":          {file(`{"a":{"dtype":"I8","shape":[1],"data_offsets":[0,1]},"a":{"dtype":"I8","shape":[1],"data_offsets":[1,2]}}`, 8), "twice"},
		"wrong type":     {file(`{"a":{"dtype":7,"shape":[1],"data_offsets":[0,1]}}`, 8), "dtype"},
		"deep metadata":  {file(`{"__metadata__":`+strings.Repeat("[", 200), 0), "deeper"},
		"huge dimension": {file(`{"a":{"dtype":"F32","shape":[1e99],"data_offsets":[0,1]}}`, 8), "shape"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := read(tc.in)
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("error %v, want %q in it", err, tc.want)
			}
		})
	}
}

func TestParseIndex(t *testing.T) {
	ix, err := safetensors.ParseIndex(strings.NewReader(`{"metadata":{"total_size":123},"weight_map":{"a":"m-1.safetensors","b":"m-2.safetensors","c":"m-1.safetensors"}}`))
	if err != nil {
		t.Fatal(err)
	}
	if ix.TotalSize != 123 || ix.Tensors != 3 || len(ix.Shards) != 2 || ix.Shards[0] != "m-1.safetensors" {
		t.Errorf("%+v", ix)
	}
	for _, bad := range []string{``, `[]`, `{}`, `{"weight_map":{}}`, `{"weight_map":{"a":"../x"}}`, `{"weight_map":{"a":"/etc/passwd"}}`, `{"weight_map":{"a":1}}`, `{"weight_map":[1]}`, `{"metadata":{"total_size":1e300},"weight_map":{"a":"b"}}`, `{"weight_map":{"a":"b"`} {
		if _, err := safetensors.ParseIndex(strings.NewReader(bad)); err == nil {
			t.Errorf("%s: no error", bad)
		}
	}
}

func FuzzSafetensors(f *testing.F) {
	f.Add(file(`{"a":{"dtype":"BF16","shape":[2,4],"data_offsets":[0,16]}}`, 16))
	f.Add(file(`{"__metadata__":{"format":"pt"},"a":{"dtype":"F4","shape":[],"data_offsets":[0,1]}}`, 1))
	f.Add(binary.LittleEndian.AppendUint64(nil, 1<<40))
	f.Add([]byte(`{"metadata":{"total_size":1.5e9},"weight_map":{"a":"x"}}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		ts, err := read(b)
		total := int64(0)
		for i := range ts {
			if ts[i].Bytes < 0 || ts[i].Elements() < 0 {
				t.Errorf("negative size: %+v", ts[i])
			}
			total += ts[i].Bytes
		}
		if err == nil && total > int64(len(b)) {
			t.Errorf("%d bytes of tensors in a file of %d", total, len(b))
		}
		if ix, err := safetensors.ParseIndex(bytes.NewReader(b)); err == nil && (ix.TotalSize < 0 || len(ix.Shards) == 0) {
			t.Errorf("%+v", ix)
		}
	})
}
