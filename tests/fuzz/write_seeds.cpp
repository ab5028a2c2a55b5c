// Writes the corpus that model_fuzz begins with: model_fuzz_seeds FOLDER

#include <filesystem>
#include <fstream>
#include <iostream>

#include "tests/fuzz/seed_models.hpp"

int main(int count, char** arguments) {
  if (count != 2) {
    std::cerr << "usage: " << arguments[0] << " FOLDER\n";
    return 2;
  }
  const std::filesystem::path folder(arguments[1]);
  std::filesystem::create_directories(folder);
  for (auto& [name, writer] : squall::fixtures::seed_models()) {
    const auto bytes = writer.bytes();
    std::ofstream file(folder / (name + ".gguf"), std::ios::binary);
    file.write(reinterpret_cast<const char*>(bytes.data()),
               static_cast<std::streamsize>(bytes.size()));
    if (!file) {
      std::cerr << "cannot write " << folder / name << "\n";
      return 1;
    }
  }
  return 0;
}
