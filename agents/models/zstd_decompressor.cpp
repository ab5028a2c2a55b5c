// Zstandard through libzstd: the only place that knows it.

#include <stdexcept>
#include <string>
#include <zstd.h>
#include <zstd_errors.h>

#include "agents/engine/model/model.hpp"
#include "agents/models/decompressor.hpp"

namespace squall::agents {

namespace {

class ZstdDecompressor : public Decompressor {
 public:
  ZstdDecompressor() : stream_(ZSTD_createDStream()) {
    if (stream_ == nullptr) throw std::runtime_error("zstd cannot start");
  }
  ~ZstdDecompressor() override { ZSTD_freeDStream(stream_); }
  ZstdDecompressor(const ZstdDecompressor&) = delete;
  ZstdDecompressor& operator=(const ZstdDecompressor&) = delete;

  Step run(std::span<const std::byte> in, std::span<std::byte> out) override {
    if (complete_ && in.empty()) return {};  // or it would wait for a further frame
    ZSTD_inBuffer input{in.data(), in.size(), 0};
    ZSTD_outBuffer output{out.data(), out.size(), 0};
    const std::size_t left = ZSTD_decompressStream(stream_, &output, &input);
    if (ZSTD_isError(left)) {
      // Windows above 128 MiB are refused: memory is for the model.
      const bool window = ZSTD_getErrorCode(left) == ZSTD_error_frameParameter_windowTooLarge;
      throw ModelError(std::string("the zstd data is damaged: ") + ZSTD_getErrorName(left) +
                       (window ? "; compress it again without --long or --ultra" : ""));
    }
    complete_ = left == 0;
    return {input.pos, output.pos};
  }

  bool complete() const override { return complete_; }

 private:
  ZSTD_DStream* stream_;
  bool complete_ = false;
};

}  // namespace

std::unique_ptr<Decompressor> make_zstd_decompressor() {
  return std::make_unique<ZstdDecompressor>();
}

}  // namespace squall::agents
