#!/usr/bin/env bash
# Screenshots of a report at the widths of a phone and of a desktop, light and dark. Needs Chromium (Debian: apt-get install chromium).
# Usage: scripts/report_screenshots.sh out/report.html docs/images
set -euo pipefail
cd "$(dirname "$0")/.."
REPORT="$(realpath "$1")" SCREENSHOTS="$(realpath -m "$2")" \
    dotnet test tests/ResNetTrainer.Tests --filter "FullyQualifiedName~A_report_fits_the_screen_shows_its_images_and_can_be_read"
