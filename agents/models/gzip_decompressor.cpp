// gzip through zlib: the only place that knows it.

#include <algorithm>
#include <limits>
#include <stdexcept>
#include <string>
#include <zlib.h>

#include "agents/engine/model/model.hpp"
#include "agents/models/decompressor.hpp"

namespace squall::agents {

namespace {

constexpr int gzip_only = 15 + 16;  // the largest window; a gzip header, checksum included

class GzipDecompressor : public Decompressor {
 public:
  GzipDecompressor() {
    if (inflateInit2(&stream_, gzip_only) != Z_OK) throw std::runtime_error("zlib cannot start");
  }
  ~GzipDecompressor() override { inflateEnd(&stream_); }

  Step run(std::span<const std::byte> in, std::span<std::byte> out) override {
    if (complete_) {
      if (in.empty()) return {};
      inflateReset(&stream_);  // a further member
      complete_ = false;
    }
    constexpr std::size_t most = std::numeric_limits<uInt>::max();
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<std::byte*>(in.data()));
    stream_.avail_in = static_cast<uInt>(std::min(in.size(), most));
    stream_.next_out = reinterpret_cast<Bytef*>(out.data());
    stream_.avail_out = static_cast<uInt>(std::min(out.size(), most));
    const std::size_t given = stream_.avail_in, room = stream_.avail_out;
    const int code = inflate(&stream_, Z_NO_FLUSH);
    if (code != Z_OK && code != Z_STREAM_END && code != Z_BUF_ERROR)
      throw ModelError(std::string("the gzip data is damaged") +
                       (stream_.msg != nullptr ? std::string(": ") + stream_.msg : ""));
    complete_ = code == Z_STREAM_END;
    return {given - stream_.avail_in, room - stream_.avail_out};
  }

  bool complete() const override { return complete_; }

 private:
  z_stream stream_{};
  bool complete_ = false;
};

}  // namespace

std::unique_ptr<Decompressor> make_gzip_decompressor() {
  return std::make_unique<GzipDecompressor>();
}

}  // namespace squall::agents
