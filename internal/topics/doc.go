// Package topics implements an index of subscriptions: it finds the subscribers
// whose topics are prefixes of the first frame of a message.
//
// A topic is a byte string. A subscription is a pair of a topic and a
// subscriber, and a subscriber is a [pipe.Pipe]. A subscription matches every
// frame that begins with its topic; the empty topic matches every frame.
//
// # Operations
//
//   - [Index.Add] and [Index.Remove] change one subscription.
//   - [Index.RemoveAll] and [Index.RemoveSome] remove the subscriptions of one
//     subscriber.
//   - [Index.Match] returns the subscribers that a frame matches, and
//     [Index.Matches] reports whether there is one.
//   - [Index.Mark] marks the subscribers of a match, to distinguish them from
//     all others.
//   - [Index.Len], [Index.Count] and [Index.All] report what is in the index.
//
// # Data structure
//
// The index is a radix tree (a compressed trie) whose edges are stored in one
// hash table. An edge covers a word, which is the next eight bytes of the topic,
// and a label, which is the bytes after the word up to the next branch. Nodes
// occur only at multiples of eight bytes. A topic of another length ends with a
// word of one to seven bytes, called a tail, after which nothing follows.
//
// The key of an edge in the hash table is the number of the node that it leaves,
// its word and the length of its word. An edge holds all that a match reads:
// the subscribers of the topic that ends there, the node that it leads to, the
// lengths of the words that leave that node, and a label of up to 38 bytes. It
// fills one cache line of 64 bytes and contains no pointers, so the garbage
// collector does not scan it. What only changes of the tree need is in the
// nodes, apart from the edges.
//
// The hash table uses extendible hashing: the first bits of the hash select one
// of many shards, each of at most some 2,000 edges. A shard that overflows is
// split, and two small shards are merged. So no change moves more than one
// shard, and there is no pause in which the whole table grows. The hash has a
// random key, so that peers cannot choose topics that collide.
//
// # Cost
//
// A match follows one edge for each eight bytes or label of the frame and looks
// up the lengths of tails that occur at each node. That is at most one lookup
// for each byte of the longest matching topic, typically one or two in all, with
// one cache miss each, however many topics the index holds. A match allocates
// nothing but the growth of its result.
//
// Add and Remove take time proportional to the length of the topic, independent
// of the number of topics. Subscribers of the same topic form a sorted list, so
// one more of n subscribers of a topic costs up to n moves in that list.
//
// Memory is proportional to the bytes of the topics: some 130 bytes for a topic
// of 32 bytes. Common prefixes of eight bytes and more are stored once, and
// Remove releases the memory.
//
// # Concurrency
//
// An Index is not safe for concurrent use. Match and Matches are no exception:
// they write to the index and to the Mark of its pipes. The caller serializes all
// calls, usually with the send lock of a socket.
package topics
