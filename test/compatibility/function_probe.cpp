// Answers requests of compare_functions.py, which asks PostgreSQL the same: one line each (function_caller.hpp).
#include <iostream>

#include "test/support/function_caller.hpp"

int main() {
  helios::testing::function_caller caller;
  std::string line;
  while (std::getline(std::cin, line)) {
    std::string escaped;
    for (char c : caller.run(line)) c == '\n' ? escaped += "\\n" : escaped += c;
    std::cout << escaped << '\n' << std::flush;
  }
}
