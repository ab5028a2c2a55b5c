#pragma once
// Lists of commands seen before: what comes a second time is captured as a graph, and from then on
// one launch does it all.

#include <cstdint>
#include <list>
#include <vector>

#include "kernels/hip/backend/command_list.hpp"
#include "kernels/hip/backend/device.hpp"

namespace squall::kernels::hip {

class GraphCache {
 public:
  /// The device outlives it.
  explicit GraphCache(Device& device) : device_(device) {}
  ~GraphCache();
  GraphCache(const GraphCache&) = delete;
  GraphCache& operator=(const GraphCache&) = delete;

  /// Puts all commands into the device's stream. Throws DeviceError.
  void run(const CommandList& commands);

 private:
  struct Seen {
    std::uint64_t digest = 0;
    std::vector<CommandList::Word> words;
    hipGraphExec_t graph = nullptr;
  };
  Seen* find(std::uint64_t digest, const CommandList& commands);
  void remember(std::uint64_t digest, const CommandList& commands);
  /// Null when the runtime cannot capture this.
  hipGraphExec_t capture(const CommandList& commands);

  Device& device_;
  std::list<Seen> seen_;  // the last used first
  bool captures_ = true;
};

}  // namespace squall::kernels::hip
