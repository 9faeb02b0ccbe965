package detect

import (
	"fmt"
	"path"
	"strings"

	"github.com/plimsoll/plimsoll/hardware"
)

// Storage is one drive and how fast it reads, as far as its kind tells.
type Storage struct {
	Name  string `json:"name"`  // nvme0n1
	Class string `json:"class"` // nvme, sata-ssd, hdd, emmc, sd, usb, virtual, network
	Bytes int64  `json:"bytes,omitempty"`
	// Link is the PCI Express link of an NVMe drive ("gen 4 x4").
	Link string `json:"link,omitempty"`
	// ReadGBps is the most that drives of the class, or the link, can read in
	// one stream; 0 when the class says nothing of it.
	ReadGBps float64 `json:"read_gb_s,omitempty"`
	// Here is true of the drive that holds the working folder.
	Here bool `json:"here,omitempty"`
}

// storages lists the drives of the machine.
func (s *system) storages() []Storage {
	here := s.driveHere()
	var out []Storage
	for _, dir := range s.glob("/sys/block/*") {
		name := path.Base(dir)
		if len(out) >= 64 {
			break
		}
		class := s.storageClass(dir, name)
		if class == "" {
			continue
		}
		d := Storage{Name: name, Class: class, Bytes: clampBytes(uint64(plainBytes(s.text(dir+"/size"))) * 512), Here: name == here}
		if d.Bytes == 0 {
			continue // an empty card reader
		}
		if v, ok := number(ids()["storage"][class][""]); ok {
			d.ReadGBps = v
		}
		if class == "nvme" {
			_, now := s.pcieAt(dir + "/device/device")
			if now.gen > 0 && now.lanes > 0 {
				d.Link = fmt.Sprintf("gen %d x%d", now.gen, now.lanes)
				// Of the link, a drive of the link's own generation reads at a part.
				share, _ := number(ids()["storage"]["nvme, part of its link"][""])
				d.ReadGBps = round3(pcieLaneGBps(now.gen) * float64(now.lanes) * share)
			}
		}
		out = append(out, d)
	}
	return out
}

// storageClass tells a drive's class, "" for what is no drive.
func (s *system) storageClass(dir, name string) string {
	for _, p := range []string{"loop", "ram", "zram", "dm-", "md", "sr", "fd", "mtd"} {
		if strings.HasPrefix(name, p) {
			return ""
		}
	}
	spins := s.text(dir+"/queue/rotational") == "1"
	at := s.real(dir)
	switch {
	case strings.HasPrefix(name, "nvme"):
		return "nvme"
	case strings.HasPrefix(name, "mmcblk"):
		if strings.Contains(name, "boot") || strings.Contains(name, "rpmb") {
			return ""
		}
		if s.text(dir+"/device/type") == "SD" {
			return "sd"
		}
		return "emmc"
	case strings.HasPrefix(name, "vd") || strings.HasPrefix(name, "xvd") || strings.Contains(at, "/virtio"):
		return "virtual"
	case strings.HasPrefix(name, "nbd") || strings.HasPrefix(name, "rbd"):
		return "network"
	case strings.Contains(at, "/usb"):
		return "usb"
	case strings.HasPrefix(name, "sd"):
		if v := strings.ToLower(s.text(dir + "/device/vendor")); v == "msft" || v == "qemu" || v == "vmware" || v == "google" {
			return "virtual"
		}
		if spins {
			return "hdd"
		}
		return "sata-ssd"
	}
	return ""
}

// driveHere names the drive that holds the working folder of a live machine;
// "" where it is no plain drive.
func (s *system) driveHere() string {
	if !s.live {
		return ""
	}
	major, minor, ok := deviceOf(".")
	if !ok {
		return ""
	}
	at := s.real(fmt.Sprintf("/sys/dev/block/%d:%d", major, minor))
	for i := 0; i < 4 && at != "" && at != "/"; i++ {
		if path.Base(path.Dir(at)) == "block" {
			return path.Base(at)
		}
		// Encrypted and logical volumes: the first drive below them.
		if slaves := s.glob(at + "/slaves/*"); len(slaves) > 0 {
			at = s.real(slaves[0])
			continue
		}
		at = path.Dir(at)
	}
	return ""
}

// storage reports the drives, and sets the host's.
func (b *builder) storage(h *hardware.Host) {
	b.report.Storage = b.sys.storages()
	for _, d := range b.report.Storage {
		text := d.Class
		if d.Link != "" {
			text += " on PCIe " + d.Link
		}
		if d.ReadGBps > 0 {
			text += fmt.Sprintf(", reads up to about %g GB/s", d.ReadGBps)
		}
		if d.Here {
			h.StorageClass, h.StorageGBps = d.Class, d.ReadGBps
			text += ", holds the working folder"
		}
		b.find("sysfs", "drive "+d.Name, text)
	}
}
