#pragma once
// Streams of zstd in parts of bounded size, with a checksum over the whole: the coordinator's only
// unit that knows libzstd. One owner each.

#include <functional>
#include <memory>
#include <stdexcept>
#include <string_view>

namespace squall::coordinator {

/// What was read is no whole stream as it was written.
struct DamagedBytes : std::runtime_error {
  using std::runtime_error::runtime_error;
};

using TakeBytes = std::function<void(std::string_view)>;

inline constexpr std::size_t part_limit = 1 << 20;  // of what a Compressor gives

class Compressor {
 public:
  /// `take` gets the parts in order, none is empty.
  explicit Compressor(TakeBytes take);
  ~Compressor();
  void write(std::string_view plain);
  void finish();  // call once, last

 private:
  struct State;
  std::unique_ptr<State> state_;
};

class Decompressor {
 public:
  explicit Decompressor(TakeBytes take);
  ~Decompressor();
  void write(std::string_view part);  // throws DamagedBytes
  void finish();                      // likewise, when something is missing

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace squall::coordinator
