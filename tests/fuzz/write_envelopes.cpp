// Writes the corpus that envelope_fuzz begins with: envelope_fuzz_seeds FOLDER

#include <filesystem>
#include <fstream>
#include <iostream>

#include "actors/wire/message_codec.hpp"
#include "tests/actors/random_messages.hpp"

int main(int count, char** arguments) {
  if (count != 2) {
    std::cerr << "usage: " << arguments[0] << " FOLDER\n";
    return 2;
  }
  const std::filesystem::path folder(arguments[1]);
  std::filesystem::create_directories(folder);
  for (std::uint64_t seed = 0; seed < 8; ++seed)
    for (std::size_t kind = 0; kind < squall::tests::RandomMessages::kinds; ++kind) {
      const auto bytes = squall::actors::encode(squall::tests::RandomMessages(seed).envelope(kind));
      const auto path = folder / (std::to_string(kind) + "-" + std::to_string(seed));
      std::ofstream file(path, std::ios::binary);
      file.write(reinterpret_cast<const char*>(bytes.data()),
                 static_cast<std::streamsize>(bytes.size()));
      if (!file) {
        std::cerr << "cannot write " << path << "\n";
        return 1;
      }
    }
  return 0;
}
