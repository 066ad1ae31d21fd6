"""The Teams app package: manifest, icons, localized names."""
