package kubelet

import (
	"cmp"
	"net/netip"
	"slices"
	"time"
)

// Index is what is known at one moment. It does not change after it was made.
type Index struct {
	pods       []*Pod // living ones first, by namespace and name
	byUID      map[string]*Pod
	byName     map[string]*Pod
	byIP       map[netip.Addr]*Pod
	containers map[string]containerOf
	node       string
}

type containerOf struct {
	pod       *Pod
	container *Container
}

// Pods are all that the kubelet lists. The slice must not be changed.
func (x *Index) Pods() []*Pod {
	for i, p := range x.pods {
		if !p.Gone.IsZero() {
			return x.pods[:i]
		}
	}
	return x.pods
}

// Node is the node's name, as its pods have it.
func (x *Index) Node() string { return x.node }

// UID is the pod of a uid, or nil. The uid under which a static pod has its folders is as good.
func (x *Index) UID(uid string) *Pod { return x.byUID[uid] }

// Name is the pod of a namespace and name, or nil; of several of that name the newest.
func (x *Index) Name(namespace, name string) *Pod { return x.byName[namespace+"/"+name] }

// IP is the living pod of an address, or nil. Pods in the node's own network have none.
func (x *Index) IP(ip netip.Addr) *Pod { return x.byIP[ip.Unmap()] }

// ContainerID is the container of an id without the runtime's name, and its pod; nil
// where it is not known.
func (x *Index) ContainerID(id string) (*Pod, *Container) {
	c := x.containers[id]
	return c.pod, c.container
}

// change is what an update did.
type change struct{ added, gone, evicted int }

// update makes the index of a new list. Pods of the old one that are not in it are kept
// as gone until keep is over, and the oldest of them go first when there are more than
// most; the list itself is no longer than that. The list is consumed.
func (x *Index) update(list []*Pod, now time.Time, keep time.Duration, most int) (*Index, change) {
	var did change
	living := make(map[string]bool, len(list))
	for _, p := range list {
		living[p.UID] = true
		if old := x.byUID[p.UID]; old == nil || !old.Gone.IsZero() {
			did.added++
		}
	}
	var gone []*Pod
	for _, p := range x.pods {
		if living[p.UID] {
			continue
		}
		if p.Gone.IsZero() {
			did.gone++
			ended := *p
			ended.Gone = now
			p = &ended
		}
		if now.Sub(p.Gone) < keep {
			gone = append(gone, p)
		}
	}
	slices.SortFunc(gone, func(a, b *Pod) int { return b.Gone.Compare(a.Gone) })
	if room := most - len(list); len(gone) > room {
		did.evicted = len(gone) - room
		gone = gone[:room]
	}
	return newIndex(list, gone), did
}

// newIndex takes living pods and those that are gone, the newest first.
func newIndex(living, gone []*Pod) *Index {
	slices.SortFunc(living, func(a, b *Pod) int {
		return cmp.Or(cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Name, b.Name), a.Created.Compare(b.Created))
	})
	n := len(living) + len(gone)
	x := &Index{
		pods:  append(living, gone...),
		byUID: make(map[string]*Pod, n), byName: make(map[string]*Pod, n), byIP: make(map[netip.Addr]*Pod, n), containers: make(map[string]containerOf, n),
	}
	for _, p := range slices.Backward(x.pods) { // so that the living win
		x.byUID[p.UID] = p
		if p.static != "" {
			x.byUID[p.static] = p
		}
		if old := x.byName[p.Namespace+"/"+p.Name]; old == nil || !old.Gone.IsZero() || old.Created.Before(p.Created) {
			x.byName[p.Namespace+"/"+p.Name] = p
		}
		for c := range p.Containers {
			if id := p.Containers[c].ID; id != "" {
				x.containers[id] = containerOf{p, &p.Containers[c]}
			}
		}
		if !p.Gone.IsZero() {
			continue
		}
		if p.Node != "" {
			x.node = p.Node
		}
		if p.Phase == "Succeeded" || p.Phase == "Failed" {
			continue // its address may be another's already
		}
		for _, ip := range p.IPs {
			if addr, err := netip.ParseAddr(ip); err == nil {
				x.byIP[addr.Unmap()] = p
			}
		}
	}
	return x
}
